output "host" {
  description = "Host name."
  value       = aws_db_instance.this.address
}

output "owner_secret_arn" {
  description = "Secret with the owner's user name and password, kept by RDS."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}
