output "bucket" {
  description = "Bucket of the objects."
  value       = aws_s3_bucket.objects.bucket
}

output "bucket_arn" {
  description = "Its ARN."
  value       = "arn:aws:s3:::${local.objects}"
}

output "log_bucket" {
  description = "Bucket of access logs, once its policy lets them in."
  value       = aws_s3_bucket_policy.logs.bucket
}

output "file_system_id" {
  description = "File system of unfinished uploads."
  value       = aws_efs_file_system.uploads.id
}
