resource "aws_sqs_queue" "stories" {
  count = var.create_queues ? 1 : 0

  name                      = var.queue_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  receive_wait_time_seconds = 20
  # Sayso extends it while it works; it bounds how long a message of a killed task waits.
  visibility_timeout_seconds = 60
  tags                       = local.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed[0].arn
    # Releases of stopped tasks count as receipts, too: far more than SAYSO_MAX_ATTEMPTS, which dead-letters with a reason.
    maxReceiveCount = 50
  })
}

resource "aws_sqs_queue" "failed" {
  count = var.create_queues ? 1 : 0

  name                      = var.dead_letter_queue_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  tags                      = local.tags
}
