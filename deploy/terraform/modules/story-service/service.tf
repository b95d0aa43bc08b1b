resource "aws_ecs_service" "app" {
  name                   = "${var.app_name}-service"
  cluster                = var.cluster_name
  task_definition        = aws_ecs_task_definition.app.arn
  desired_count          = var.app_count
  enable_execute_command = var.enable_execute_command
  propagate_tags         = "SERVICE"
  tags                   = local.tags

  # Without it, Terraform replaces the whole service when app_count or spot_share changes the capacity providers below.
  force_new_deployment = true

  # A deployment whose tasks do not become healthy is rolled back by ECS.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # app_count tasks are never on Spot, so that an interruption of all Spot tasks leaves the queue served. ECS places no task
  # on a provider whose weight is 0, whatever its base.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = var.app_count
    weight            = max(1, 100 - var.spot_share)
  }

  dynamic "capacity_provider_strategy" {
    for_each = var.spot_share > 0 ? [var.spot_share] : []

    content {
      capacity_provider = "FARGATE_SPOT"
      weight            = capacity_provider_strategy.value
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.app.id]
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.app.arn
  }

  # Tasks pull their image by these rules.
  depends_on = [
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]

  lifecycle {
    # Autoscaling owns it.
    ignore_changes = [desired_count]
  }
}
