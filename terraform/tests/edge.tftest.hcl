# The door: 443 alone, TLS 1.2 and 1.3, a firewall that lets uploads through.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                      = "mock"
  vpc_id                    = "vpc-mock"
  subnet_ids                = ["subnet-a", "subnet-b", "subnet-c"]
  node_security_group_id    = "sg-nodes"
  client_cidrs              = ["0.0.0.0/0"]
  certificate_arn           = "arn:aws:acm:eu-west-3:111122223333:certificate/mock"
  requests_per_five_minutes = 10000
  log_bucket                = "mock-logs"
  deletion_protection       = true
  logs_key_arn              = "arn:aws:kms:eu-west-3:111122223333:key/logs"
  log_days                  = 365
}

run "edge" {
  module {
    source = "./modules/edge"
  }
  assert {
    condition     = alltrue([for r in aws_vpc_security_group_ingress_rule.https : r.from_port == 443 && r.to_port == 443])
    error_message = "The world comes in by another port than 443."
  }
  assert {
    condition     = alltrue([for r in [aws_vpc_security_group_egress_rule.gateway, aws_vpc_security_group_egress_rule.health] : r.cidr_ipv4 == null && r.referenced_security_group_id == "sg-nodes"])
    error_message = "The load balancer speaks with others than the gateway."
  }
  assert {
    condition     = alltrue([for r in aws_vpc_security_group_ingress_rule.nodes : r.cidr_ipv4 == null && contains([8080, 9080], r.from_port) && r.from_port == r.to_port])
    error_message = "Nodes are open for more than the gateway's two ports."
  }
  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "TLS older than 1.2 is spoken."
  }
  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && aws_lb.this.desync_mitigation_mode == "strictest"
    error_message = "Smuggled requests pass."
  }
  assert {
    condition     = aws_lb.this.idle_timeout >= 60 && tonumber(aws_lb_target_group.gateway.deregistration_delay) >= 20
    error_message = "Live streams or requests in hand are cut."
  }
  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.access_logs[0].enabled
    error_message = "The load balancer can be destroyed, or notes nothing."
  }
  assert {
    condition     = aws_lb_target_group.gateway.health_check[0].path == "/health/ready" && aws_lb_target_group.gateway.health_check[0].port == "9080"
    error_message = "Not the gateway's own readiness decides."
  }
  assert {
    condition     = length(aws_wafv2_web_acl.this.rule) == 5 && aws_wafv2_web_acl_association.this.resource_arn == aws_lb.this.arn
    error_message = "The firewall is not in front, or lacks rules."
  }
  assert {
    condition = anytrue(flatten([for r in aws_wafv2_web_acl.this.rule : [for s in r.statement : [for m in s.managed_rule_group_statement : [for o in m.rule_action_override :
    o.name == "SizeRestrictions_BODY" && length(o.action_to_use[0].count) == 1]]]]))
    error_message = "The firewall refuses every upload above 8 KiB."
  }
  assert {
    condition     = anytrue(flatten([for r in aws_wafv2_web_acl.this.rule : [for s in r.statement : [for b in s.rate_based_statement : b.limit == 10000 && b.aggregate_key_type == "IP"]]]))
    error_message = "No limit against floods."
  }
  assert {
    condition     = toset(flatten([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : [for h in f.single_header : h.name]])) == toset(["authorization", "cookie"])
    error_message = "Tokens would be in the firewall's log."
  }
}
