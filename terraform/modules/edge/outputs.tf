output "host" {
  description = "Host name of the load balancer; the public name is an alias of it."
  value       = aws_lb.this.dns_name
}

output "target_group_arn" {
  description = "Targets: the gateway's pods."
  value       = aws_lb_target_group.gateway.arn
}

output "web_acl_arn" {
  description = "The firewall."
  value       = aws_wafv2_web_acl.this.arn
}

output "idle_seconds" {
  description = "How long a silent connection is kept; the gateway must keep it longer."
  value       = local.idle_seconds
}
