# Copies of the bucket's objects in another bucket, which is made elsewhere: in another region or account, with versions.

locals {
  replicas = var.create_bucket && var.replica_bucket_arn != "" ? [var.replica_bucket_arn] : []
}

data "aws_iam_policy_document" "s3" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "replication" {
  statement {
    sid       = "Source"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = ["${local.arn_prefix}:s3:::${var.output_bucket}"]
  }

  statement {
    sid       = "Objects"
    actions   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    resources = ["${local.arn_prefix}:s3:::${var.output_bucket}/*"]
  }

  statement {
    sid       = "Copies"
    actions   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    resources = ["${var.replica_bucket_arn}/*"]
  }
}

resource "aws_iam_role" "replication" {
  count = length(local.replicas)

  name               = "${var.app_name}-${var.environment}-replication"
  assume_role_policy = data.aws_iam_policy_document.s3.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "replication" {
  count = length(local.replicas)

  name   = "replication"
  role   = aws_iam_role.replication[0].id
  policy = data.aws_iam_policy_document.replication.json
}

resource "aws_s3_bucket_replication_configuration" "stories" {
  count = length(local.replicas)

  # S3 refuses it for a bucket without versions.
  depends_on = [aws_s3_bucket_versioning.stories]

  bucket = aws_s3_bucket.stories[0].id
  role   = aws_iam_role.replication[0].arn

  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    destination {
      bucket        = local.replicas[0]
      storage_class = "STANDARD_IA"
    }
  }
}
