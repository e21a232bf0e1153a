output "role_arns" {
  description = "Service → role."
  value       = { for service, role in aws_iam_role.service : service => role.arn }
}

output "operator_role_arns" {
  description = "Part of the cluster → role: load-balancer, autoscaler."
  value       = { for name, role in aws_iam_role.operator : name => role.arn }
}

output "storage_user" {
  description = "The user whose key storage signs with, or nothing."
  value       = one(aws_iam_user.storage[*].name)
}
