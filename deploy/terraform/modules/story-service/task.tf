locals {
  tags = merge(var.tags, { Application = var.app_name, Environment = var.environment })

  # ECS kills a task so many seconds after it asked it to stop; 120 is Fargate's largest.
  stop_timeout_seconds = 120

  settings = merge(
    {
      AWS_REGION             = var.aws_region
      QUEUE_URL              = var.queue_url
      DLQ_URL                = var.dead_letter_queue_url
      DYNAMODB_TABLE         = var.table_name
      OUTPUT_BUCKET          = var.output_bucket
      SAYSO_CACHE_S3         = "s3://${var.output_bucket}/speech-cache"
      KOKORO_VOICE           = var.voice
      PORT                   = tostring(var.app_port)
      SAYSO_STORIES_AT_ONCE  = tostring(var.stories_at_once)
      SAYSO_ENVIRONMENT      = var.environment
      SAYSO_SHUTDOWN_SECONDS = tostring(local.stop_timeout_seconds - 10)
    },
    var.settings,
  )

  container = {
    name        = var.app_name
    image       = "${aws_ecr_repository.app.repository_url}:${var.app_image_tag}"
    essential   = true
    stopTimeout = local.stop_timeout_seconds

    portMappings = [{ containerPort = var.app_port, protocol = "tcp" }]
    environment  = [for name in sort(keys(local.settings)) : { name = name, value = local.settings[name] } if local.settings[name] != ""]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]

    # The agent of execute-command writes into the root file system.
    readonlyRootFilesystem = !var.enable_execute_command
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    mountPoints = [
      { sourceVolume = "storage", containerPath = "/app/storage", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
    ]

    healthCheck = {
      command     = ["CMD-SHELL", "curl -fsS http://localhost:${var.app_port}/healthz || exit 1"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 120
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.app.name
        awslogs-region        = var.aws_region
        awslogs-stream-prefix = "ecs"
        # A slow CloudWatch holds up no story.
        mode            = "non-blocking"
        max-buffer-size = "25m"
      }
    }
  }
}

resource "aws_ecs_task_definition" "app" {
  family                   = var.app_name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn
  container_definitions    = jsonencode([local.container])
  tags                     = local.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  ephemeral_storage {
    size_in_gib = var.ephemeral_storage_gib
  }

  # On the task's disk; empty at its start.
  volume {
    name = "storage"
  }

  volume {
    name = "tmp"
  }
}
