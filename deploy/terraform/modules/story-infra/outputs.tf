# What is made here; null where a switch is off.

output "queue_url" {
  description = "URL of the queue."
  value       = one(aws_sqs_queue.stories[*].url)
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = one(aws_sqs_queue.failed[*].url)
}

output "output_bucket" {
  description = "Name of the bucket."
  value       = one(aws_s3_bucket.stories[*].id)
}

output "table_name" {
  description = "Name of the table."
  value       = one(aws_dynamodb_table.tasks[*].name)
}

output "task_role_arn" {
  description = "The role of the worker."
  value       = one(aws_iam_role.task[*].arn)

  # A task that starts before its role may do anything fails.
  depends_on = [aws_iam_role_policy.task]
}

output "execution_role_arn" {
  description = "The role of ECS."
  value       = one(aws_iam_role.execution[*].arn)

  depends_on = [aws_iam_role_policy.secrets, aws_iam_role_policy_attachment.execution]
}

output "endpoint_security_group_ids" {
  description = "Security groups of the VPC endpoints."
  value       = aws_security_group.endpoints[*].id

  # Without NAT a task that starts before the endpoints gets no image.
  depends_on = [aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface]
}

output "cluster_name" {
  description = "The cluster."
  value       = one(aws_ecs_cluster_capacity_providers.this[*].cluster_name)
}
