locals {
  # Service → secrets that it reads. The brokers' login becomes one Kubernetes Secret for the fleet and KEDA; the
  # media-worker's account fetches it.
  reads = { for service in var.services : service => concat(
    ["shared"],
    [for kind in ["login", "seal", "objects"] : "${service}/${kind}" if contains(keys(local.names), "${service}/${kind}")],
    service == "media-worker" ? ["kafka"] : [],
  ) }
}

output "read_arns" {
  description = "Service → secrets that it may read."
  value       = { for service, kinds in local.reads : service => [for kind in kinds : aws_secretsmanager_secret.this[kind].arn] }
}

output "names" {
  description = "Kind → name, as in user/login."
  value       = local.names
}

output "ids" {
  description = "Kind → secret."
  value       = { for kind, secret in aws_secretsmanager_secret.this : kind => secret.id }
}

output "seals" {
  description = "Service → the setting that seals what it stores."
  value       = local.seals
}
