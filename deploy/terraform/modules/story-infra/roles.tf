data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  arn_prefix = "arn:${data.aws_partition.this.partition}"
  account    = "${var.aws_region}:${data.aws_caller_identity.this.account_id}"
}

data "aws_iam_policy_document" "ecs_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    # Only tasks of this account: no other may make ECS use the role on its behalf.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

# ---- what Sayso itself may do

resource "aws_iam_role" "task" {
  count = var.create_roles ? 1 : 0

  name               = "${var.app_name}-${var.environment}-task"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
  tags               = local.tags
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Stories"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    resources = ["${local.arn_prefix}:sqs:${local.account}:${var.queue_name}"]
  }

  dynamic "statement" {
    for_each = var.dead_letter_queue_name == "" ? [] : [var.dead_letter_queue_name]

    content {
      sid       = "DeadLetters"
      actions   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
      resources = ["${local.arn_prefix}:sqs:${local.account}:${statement.value}"]
    }
  }

  statement {
    sid       = "Status"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Query"]
    resources = ["${local.arn_prefix}:dynamodb:${local.account}:table/${var.table_name}"]
  }

  statement {
    sid       = "Narrations"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.arn_prefix}:s3:::${var.output_bucket}/*"]
  }

  statement {
    sid = "Bucket"
    # Without it a missing object is answered with 403, as if the permission were missing.
    actions   = ["s3:ListBucket"]
    resources = ["${local.arn_prefix}:s3:::${var.output_bucket}"]
  }

  statement {
    sid       = "TaskProtection"
    actions   = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
    resources = ["${local.arn_prefix}:ecs:${local.account}:task/${var.cluster_name}/*"]
  }
}

resource "aws_iam_role_policy" "task" {
  count = var.create_roles ? 1 : 0

  name   = "stories"
  role   = aws_iam_role.task[0].id
  policy = data.aws_iam_policy_document.task.json
}

# ---- what ECS may do to start it

resource "aws_iam_role" "execution" {
  count = var.create_roles ? 1 : 0

  name               = "${var.app_name}-${var.environment}-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
  tags               = local.tags
}

resource "aws_iam_role_policy_attachment" "execution" {
  count = var.create_roles ? 1 : 0

  role       = aws_iam_role.execution[0].name
  policy_arn = "${local.arn_prefix}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
    resources = var.secret_arns
  }
}

resource "aws_iam_role_policy" "secrets" {
  count = var.create_roles && length(var.secret_arns) > 0 ? 1 : 0

  name   = "secrets"
  role   = aws_iam_role.execution[0].id
  policy = data.aws_iam_policy_document.secrets.json
}
