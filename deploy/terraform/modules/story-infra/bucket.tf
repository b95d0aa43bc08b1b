resource "aws_s3_bucket" "stories" {
  count = var.create_bucket ? 1 : 0

  bucket        = var.output_bucket
  force_destroy = false
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "stories" {
  count = var.create_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.stories[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "stories" {
  count = var.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.stories[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "stories" {
  count = var.create_bucket && var.protect_data ? 1 : 0

  bucket = aws_s3_bucket.stories[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "stories" {
  count = var.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.stories[0].id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
  }

  # The speech cache: what is not spoken again for a while is made again.
  rule {
    id     = "speech-cache"
    status = "Enabled"

    filter {
      prefix = "speech-cache/"
    }

    expiration {
      days = 30
    }
  }
}
