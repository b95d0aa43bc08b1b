# Workers ask; hardly anybody asks them.
resource "aws_security_group" "app" {
  name        = "${var.app_name}-app"
  description = "Tasks of ${var.app_name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.app_name}-app" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "monitoring" {
  for_each = toset(var.monitoring_cidr_blocks)

  security_group_id = aws_security_group.app.id
  description       = "Metrics"
  cidr_ipv4         = each.value
  from_port         = var.app_port
  to_port           = var.app_port
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.app.id
  description       = "AWS's services, by VPC endpoints or NAT"
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  # By number: the ids may not be known before the other module is applied.
  for_each = { for number, id in var.vpc_endpoint_security_group_ids : tostring(number) => id }

  security_group_id            = each.value
  description                  = "${var.app_name} to the VPC endpoint"
  referenced_security_group_id = aws_security_group.app.id
  from_port                    = 443
  to_port                      = 443
  ip_protocol                  = "tcp"
}
