# The images. A tag is never overwritten, so that a roll-back gets exactly what ran before.
resource "aws_ecr_repository" "app" {
  name                 = var.ecr_repository_name
  image_tag_mutability = "IMMUTABLE"
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == null ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What a deployment ran stays for roll-backs: the last twenty versions, each with two architectures"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["stories-*"]
          countType      = "imageCountMoreThan"
          countNumber    = 60
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "All images of these versions: the pipeline pushes six of each"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["*"]
          countType      = "imageCountMoreThan"
          countNumber    = 360
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 3
        description  = "Layers of builds that no tag names"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = 7
        }
        action = { type = "expire" }
      },
    ]
  })
}
