# What the stack story-infra owns. Every switch is off by default, since making a thing twice fails or, worse, succeeds.

variable "app_name" {
  description = "Name of the application."
  type        = string
}

variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "aws_region" {
  description = "AWS region."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the endpoints; needed with create_vpc_endpoints only."
  type        = string
  default     = ""
}

variable "subnet_ids" {
  description = "The subnets of the endpoints."
  type        = list(string)
  default     = []
}

variable "route_table_ids" {
  description = "Route tables of these subnets, for the gateway endpoints of S3 and DynamoDB."
  type        = list(string)
  default     = []
}

variable "cluster_name" {
  description = "The ECS cluster."
  type        = string
}

variable "create_cluster" {
  description = "Make the ECS cluster, with Container Insights."
  type        = bool
  default     = false
}

variable "create_queues" {
  description = "Make the queue and its dead-letter queue."
  type        = bool
  default     = false
}

variable "create_bucket" {
  description = "Make the bucket of the narrations."
  type        = bool
  default     = false
}

variable "create_table" {
  description = "Make the DynamoDB table."
  type        = bool
  default     = false
}

variable "create_roles" {
  description = "Make the task role and the execution role."
  type        = bool
  default     = false
}

variable "create_vpc_endpoints" {
  description = "Make VPC endpoints for all that the tasks call, so that they need no NAT."
  type        = bool
  default     = false
}

variable "queue_name" {
  description = "Name of the queue, which the task role may read."
  type        = string
}

variable "dead_letter_queue_name" {
  description = "Name of the dead-letter queue, which the task role may write; empty for none."
  type        = string
}

variable "output_bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "table_name" {
  description = "Name of the table."
  type        = string
}

variable "secret_arns" {
  description = "Secrets that tasks get as environment variables; the execution role may read them."
  type        = list(string)
  default     = []
}

variable "protect_data" {
  description = "Versions in the bucket, point-in-time recovery of the table, and no deletion of either."
  type        = bool
  default     = false
}

variable "replica_region" {
  description = "A second region for the table (a global table); empty for none."
  type        = string
  default     = ""
}

variable "replica_bucket_arn" {
  description = "An existing bucket with versions, usually in another region, that gets copies of the bucket's objects; empty for none."
  type        = string
  default     = ""
}

variable "noncurrent_days" {
  description = "How many days replaced and deleted versions in the bucket are kept."
  type        = number
  default     = 30
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
