# What the other stack owns is read from its state; a value that it lacks comes from infra_values, or is made here by a switch.
data "terraform_remote_state" "infra" {
  backend = "s3"

  config = {
    bucket = var.infra_state_bucket
    key    = var.infra_state_key
    region = var.aws_region
  }
}

locals {
  output_names = merge(
    {
      vpc_id                      = "vpc_id"
      subnet_ids                  = "private_subnet_ids"
      route_table_ids             = "private_route_table_ids"
      cluster_name                = "ecs_cluster_name"
      queue_url                   = "queue_url"
      dead_letter_queue_url       = "dead_letter_queue_url"
      output_bucket               = "output_bucket"
      table_name                  = "table_name"
      task_role_arn               = "task_role_arn"
      execution_role_arn          = "execution_role_arn"
      endpoint_security_group_ids = "vpc_endpoint_security_group_ids"
    },
    var.infra_outputs,
  )

  remote = { for name, output in local.output_names : name => lookup(data.terraform_remote_state.infra.outputs, output, null) }

  cluster_name          = try(coalesce(module.infra.cluster_name, lookup(var.infra_values, "cluster_name", null), local.remote.cluster_name, "story-tts-cluster"), "")
  queue_url             = try(coalesce(module.infra.queue_url, local.their_queue_url), "")
  dead_letter_queue_url = try(coalesce(module.infra.dead_letter_queue_url, local.their_dead_letter_queue_url), "")
  output_bucket         = try(coalesce(module.infra.output_bucket, lookup(var.infra_values, "output_bucket", null), local.remote.output_bucket), "")
  table_name            = try(coalesce(module.infra.table_name, lookup(var.infra_values, "table_name", null), local.remote.table_name), "")
  task_role_arn         = try(coalesce(module.infra.task_role_arn, lookup(var.infra_values, "task_role_arn", null), local.remote.task_role_arn), "")
  execution_role_arn    = try(coalesce(module.infra.execution_role_arn, lookup(var.infra_values, "execution_role_arn", null), local.remote.execution_role_arn), "")
  vpc_id                = try(coalesce(lookup(var.infra_values, "vpc_id", null), local.remote.vpc_id), "")
  subnet_ids            = contains(keys(var.infra_values), "subnet_ids") ? split(",", var.infra_values.subnet_ids) : compact(flatten([local.remote.subnet_ids]))

  # What IAM knows a secret by: the part of a container's reference before a JSON key, a version's stage and its id.
  secret_arns = distinct([for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, min(7, length(split(":", arn)))))])

  # Names, known before anything is made: the policy of a role that is made here has them, also of what the other stack owns, and
  # one decides whether there is an alarm. None may come from module.infra, which needs them: that would be a cycle.
  their_queue_url             = try(coalesce(lookup(var.infra_values, "queue_url", null), local.remote.queue_url), "")
  their_dead_letter_queue_url = try(coalesce(lookup(var.infra_values, "dead_letter_queue_url", null), local.remote.dead_letter_queue_url), "")

  names = {
    cluster_name           = try(coalesce(lookup(var.infra_values, "cluster_name", null), contains(var.create, "cluster") ? null : local.remote.cluster_name), "story-tts-cluster")
    queue_name             = contains(var.create, "queues") ? "story-sqs-queue-tts" : element(split("/", local.their_queue_url), -1)
    dead_letter_queue_name = contains(var.create, "queues") ? "story-sqs-queue-tts-failed" : element(split("/", local.their_dead_letter_queue_url), -1)
    output_bucket          = try(coalesce(lookup(var.infra_values, "output_bucket", null), contains(var.create, "bucket") ? null : local.remote.output_bucket), "${var.app_name}-${var.environment}")
    table_name             = try(coalesce(lookup(var.infra_values, "table_name", null), contains(var.create, "table") ? null : local.remote.table_name), "${var.app_name}-${var.environment}")
  }
}

module "infra" {
  source = "./modules/story-infra"

  app_name        = var.app_name
  environment     = var.environment
  aws_region      = var.aws_region
  vpc_id          = local.vpc_id
  subnet_ids      = local.subnet_ids
  route_table_ids = compact(flatten([local.remote.route_table_ids]))
  cluster_name    = local.names.cluster_name
  output_bucket   = local.names.output_bucket
  table_name      = local.names.table_name
  secret_arns     = local.secret_arns

  queue_name             = local.names.queue_name
  dead_letter_queue_name = local.names.dead_letter_queue_name

  create_cluster       = contains(var.create, "cluster")
  create_queues        = contains(var.create, "queues")
  create_bucket        = contains(var.create, "bucket")
  create_table         = contains(var.create, "table")
  create_roles         = contains(var.create, "roles")
  create_vpc_endpoints = contains(var.create, "vpc_endpoints")
  protect_data         = var.protect_data
  replica_region       = var.replica_region
  replica_bucket_arn   = var.replica_bucket_arn
}

module "stories" {
  source = "./modules/story-service"

  app_name            = var.app_name
  environment         = var.environment
  aws_region          = var.aws_region
  ecr_repository_name = var.ecr_repository_name
  app_image_tag       = var.app_image_tag
  app_count           = var.app_count
  app_count_max       = var.app_count_max
  cpu                 = var.cpu
  memory              = var.memory
  app_port            = var.app_port
  spot_share          = var.spot_share
  settings            = var.settings
  secrets             = var.secrets
  alarm_topic_arns    = var.alarm_topic_arns

  vpc_id                          = local.vpc_id
  subnet_ids                      = local.subnet_ids
  cluster_name                    = local.cluster_name
  queue_url                       = local.queue_url
  queue_name                      = local.names.queue_name
  dead_letter_queue_url           = local.dead_letter_queue_url
  dead_letter_queue_name          = local.names.dead_letter_queue_name
  output_bucket                   = local.output_bucket
  table_name                      = local.table_name
  task_role_arn                   = local.task_role_arn
  execution_role_arn              = local.execution_role_arn
  vpc_endpoint_security_group_ids = concat(module.infra.endpoint_security_group_ids, compact(flatten([local.remote.endpoint_security_group_ids])))
}
