# ---- what is deployed

variable "app_name" {
  description = "Name of the application: of the task family, the container, the security groups and the log group."
  type        = string
  default     = "story-tts"
}

variable "environment" {
  description = "Name of the environment: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment is dev, staging or prod."
  }
}

variable "ecr_repository_name" {
  description = "Name of the image repository that is made in ECR."
  type        = string
  default     = "story-tts"
}

variable "app_image_tag" {
  description = "Tag of the image. Releases have a tag of their own each, so that a roll-back finds what ran before."
  type        = string
}

variable "app_count" {
  description = "Least number of tasks, and their number until autoscaling has looked at the queue."
  type        = number
  default     = 1

  validation {
    condition     = var.app_count >= 1
    error_message = "At least one task: with none, nobody sees that the queue has a message."
  }
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

variable "cpu_architecture" {
  description = "Processor of the tasks: X86_64 or ARM64. The image has to be built for it."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "Fargate has X86_64 and ARM64."
  }
}

variable "ephemeral_storage_gib" {
  description = "Disk of a task in GiB, for the stories in hand: an hour of WAV is 173 MB."
  type        = number
  default     = 21

  validation {
    condition     = var.ephemeral_storage_gib >= 21 && var.ephemeral_storage_gib <= 200
    error_message = "Fargate has 21 to 200 GiB."
  }
}

variable "app_port" {
  description = "Port of the container: /healthz, /backlog and /metrics."
  type        = number
  default     = 8000
}

variable "voice" {
  description = "The default voice."
  type        = string
  default     = "af_heart"
}

variable "settings" {
  description = "More environment variables of the container: docs/reference/settings.md lists them."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables from Secrets Manager or the parameter store: the variable's name to the secret's ARN."
  type        = map(string)
  default     = {}
}

variable "stories_at_once" {
  description = "How many stories a task narrates at once; autoscaling takes it as the backlog that one task can have."
  type        = number
  default     = 4
}

variable "spot_share" {
  description = "Share of the tasks beyond app_count that run on Fargate Spot, in percent: AWS may stop them with two minutes' notice, and their stories resume elsewhere."
  type        = number
  default     = 0

  validation {
    condition     = var.spot_share >= 0 && var.spot_share <= 100
    error_message = "A share is from 0 to 100."
  }
}

# ---- where it runs; all of it belongs to the other stack

variable "aws_region" {
  description = "AWS region."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the tasks."
  type        = string

  validation {
    condition     = var.vpc_id != ""
    error_message = "vpc_id is missing: name the other stack's output in infra_outputs, give it in infra_values."
  }
}

variable "subnet_ids" {
  description = "The private subnets of the tasks, in two availability zones at least."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "Two subnets at least, so that the service survives the loss of an availability zone."
  }
}

variable "cluster_name" {
  description = "The ECS cluster. Autoscaling by backlog needs Container Insights on it."
  type        = string
  default     = "story-tts-cluster"
}

variable "queue_url" {
  description = "URL of the queue that stories come from."
  type        = string

  validation {
    condition     = var.queue_url != ""
    error_message = "queue_url is missing: name the other stack's output in infra_outputs, give it in infra_values, or create queues."
  }
}

variable "queue_name" {
  description = "Name of that queue, for its metrics."
  type        = string
}

variable "dead_letter_queue_url" {
  description = "URL of the queue for messages that cannot be processed; empty to leave them to the queue's redrive policy."
  type        = string
  default     = ""
}

variable "dead_letter_queue_name" {
  description = "Name of that queue, for its alarm; empty for none."
  type        = string
  default     = ""
}

variable "output_bucket" {
  description = "The bucket of the narrations."
  type        = string

  validation {
    condition     = var.output_bucket != ""
    error_message = "output_bucket is missing: name the other stack's output in infra_outputs, give it in infra_values, or create bucket."
  }
}

variable "table_name" {
  description = "The DynamoDB table with the status of the tasks."
  type        = string

  validation {
    condition     = var.table_name != ""
    error_message = "table_name is missing: name the other stack's output in infra_outputs, give it in infra_values, or create table."
  }
}

variable "execution_role_arn" {
  description = "The role with which ECS pulls the image and writes logs."
  type        = string

  validation {
    condition     = var.execution_role_arn != ""
    error_message = "execution_role_arn is missing: name the other stack's output in infra_outputs, give it in infra_values, or create roles."
  }
}

variable "task_role_arn" {
  description = "The role of the worker itself: queue, dead-letter queue, table, bucket and task protection."
  type        = string

  validation {
    condition     = var.task_role_arn != ""
    error_message = "task_role_arn is missing: name the other stack's output in infra_outputs, give it in infra_values, or create roles."
  }
}

variable "vpc_endpoint_security_group_ids" {
  description = "Security groups of the VPC endpoints; the tasks are allowed to call them. Empty where the tasks go out by NAT."
  type        = list(string)
  default     = []
}

variable "monitoring_cidr_blocks" {
  description = "Networks that may call the port of the tasks, such as Prometheus' own; the VPC's load balancers and people have nothing to ask there."
  type        = list(string)
  default     = []
}

# ---- what watches it

variable "log_retention_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 30
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to; without one they are only seen in CloudWatch."
  type        = list(string)
  default     = []
}

variable "oldest_message_seconds" {
  description = "Age of the oldest waiting message, in seconds, beyond which there is an alarm."
  type        = number
  default     = 1800
}

variable "enable_execute_command" {
  description = "Whether `aws ecs execute-command` opens a shell in a task. The root file system is then writable, and the task role needs ssmmessages:*."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "Key that encrypts logs and images; AWS's own keys by default."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
