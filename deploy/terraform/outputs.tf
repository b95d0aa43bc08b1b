output "repository_url" {
  description = "Where images are pushed to."
  value       = module.stories.repository_url
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = module.stories.cluster_name
}

output "service_name" {
  description = "The ECS service."
  value       = module.stories.service_name
}

output "log_group_name" {
  description = "The log group of the tasks."
  value       = module.stories.log_group_name
}

output "discovery_name" {
  description = "DNS name of the tasks inside of the VPC."
  value       = module.stories.discovery_name
}

output "dashboard_name" {
  description = "The CloudWatch dashboard."
  value       = module.stories.dashboard_name
}
