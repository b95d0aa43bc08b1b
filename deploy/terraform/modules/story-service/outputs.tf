output "repository_url" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.app.repository_url
}

output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.app.name
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = var.cluster_name
}

output "task_definition_arn" {
  description = "The task definition that this configuration deploys."
  value       = aws_ecs_task_definition.app.arn
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.app.id
}

output "log_group_name" {
  description = "The log group of the tasks."
  value       = aws_cloudwatch_log_group.app.name
}

output "discovery_name" {
  description = "DNS name of the tasks inside of the VPC."
  value       = "${aws_service_discovery_service.app.name}.${aws_service_discovery_private_dns_namespace.app.name}"
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.app.dashboard_name
}
