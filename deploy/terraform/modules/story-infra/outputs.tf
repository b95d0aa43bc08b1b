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
}

output "execution_role_arn" {
  description = "The role of ECS."
  value       = one(aws_iam_role.execution[*].arn)
}

output "endpoint_security_group_ids" {
  description = "Security groups of the VPC endpoints."
  value       = aws_security_group.endpoints[*].id
}

output "cluster_name" {
  description = "The cluster."
  value       = one(aws_ecs_cluster.this[*].name)
}
