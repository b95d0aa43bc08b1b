# The tasks' addresses as tasks.story-tts.local, for monitoring.
resource "aws_service_discovery_private_dns_namespace" "app" {
  name        = "${var.app_name}.local"
  description = "Tasks of ${var.app_name}"
  vpc         = var.vpc_id
  tags        = local.tags
}

resource "aws_service_discovery_service" "app" {
  name = "tasks"
  tags = local.tags

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.app.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}
