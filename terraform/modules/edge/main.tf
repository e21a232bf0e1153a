# The only door: a load balancer that speaks TLS 1.3 (and 1.2), behind a firewall.
locals {
  idle_seconds = 120
}

resource "aws_security_group" "this" {
  name        = "${var.name}-edge"
  description = "Load balancer of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-edge" }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "HTTPS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "gateway" {
  security_group_id            = aws_security_group.this.id
  description                  = "The gateway's pods"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_vpc_security_group_egress_rule" "health" {
  security_group_id            = aws_security_group.this.id
  description                  = "The gateway's readiness"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 9080
  to_port                      = 9080
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  for_each                     = { api = 8080, health = 9080 }
  security_group_id            = var.node_security_group_id
  description                  = "Load balancer to the gateway: ${each.key}"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.this.id]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = var.deletion_protection
  # Live streams show a sign of life every 15 s. The gateway waits longer than this (helm_values).
  idle_timeout      = local.idle_seconds
  client_keep_alive = 3600
  # The last entry is ours: the gateway is told to trust exactly one proxy.
  xff_header_processing_mode = "append"

  access_logs {
    enabled = true
    bucket  = var.log_bucket
    prefix  = "edge"
  }
}

resource "aws_lb_target_group" "gateway" {
  name        = var.name
  vpc_id      = var.vpc_id
  target_type = "ip"
  # Between load balancer and pod inside the VPC; the services sign the calls among themselves.
  protocol = "HTTP"
  port     = 8080
  # Longer than the gateway answers on after it was told to stop.
  deregistration_delay          = 30
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    path                = "/health/ready"
    port                = "9080"
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

# No port 80: browsers that met us once come by HTTPS (HSTS), and tools get a plain refusal.
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }
}
