output "arns" {
  description = "Purpose → ARN: cluster, data, objects, secrets, logs."
  value       = { for purpose, key in aws_kms_key.this : purpose => key.arn }
}
