variable "aws_region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "environment" {
  description = "Name of the environment: dev, staging or prod."
  type        = string
}

variable "app_name" {
  description = "Name of the application."
  type        = string
  default     = "story-tts"
}

variable "ecr_repository_name" {
  description = "Name of the image repository."
  type        = string
  default     = "story-tts"
}

variable "app_image_tag" {
  description = "Tag of the image that is deployed, as make push prints it."
  type        = string
}

variable "app_count" {
  description = "Least number of tasks."
  type        = number
  default     = 1
}

variable "app_count_max" {
  description = "Largest number of tasks."
  type        = number
  default     = 10
}

variable "cpu" {
  description = "CPU units of a task; 1024 is one vCPU."
  type        = number
  default     = 1024
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 2048
}

variable "app_port" {
  description = "Port of the container."
  type        = number
  default     = 8000
}

variable "spot_share" {
  description = "Share of the tasks beyond app_count that run on Fargate Spot, in percent."
  type        = number
  default     = 0
}

variable "settings" {
  description = "More environment variables of the container."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables from Secrets Manager: the variable's name to the secret's ARN."
  type        = map(string)
  default     = {}
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to."
  type        = list(string)
  default     = []
}

variable "infra_state_bucket" {
  description = "Bucket of the other stack's Terraform state."
  type        = string
}

variable "infra_state_key" {
  description = "Key of the other stack's state in that bucket."
  type        = string
  default     = "story-infra/terraform.tfstate"
}

variable "infra_outputs" {
  description = "What the other stack calls its outputs: what is needed here to the name of the output there. Name only those that differ."
  type        = map(string)
  default     = {}
}

variable "infra_values" {
  description = "Values that the other stack has no output for, in place of it."
  type        = map(string)
  default     = {}
}

variable "create" {
  description = "What this stack makes because the other one does not: any of cluster, queues, bucket, table, roles, vpc_endpoints. Nothing by default."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.create, ["cluster", "queues", "bucket", "table", "roles", "vpc_endpoints"])) == 0
    error_message = "Any of cluster, queues, bucket, table, roles, vpc_endpoints."
  }
}

variable "protect_data" {
  description = "Of what this stack makes: versions in the bucket, point-in-time recovery of the table, and no deletion."
  type        = bool
  default     = false
}

variable "replica_region" {
  description = "A second region for the table that this stack makes; empty for none."
  type        = string
  default     = ""
}

variable "replica_bucket_arn" {
  description = "An existing bucket with versions, usually in another region, that gets copies of the bucket that this stack makes; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = var.replica_bucket_arn == "" || (var.protect_data && contains(var.create, "bucket"))
    error_message = "It needs protect_data = true and \"bucket\" in create: only versions of a bucket that is made here are replicated."
  }
}
