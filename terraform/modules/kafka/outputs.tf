output "bootstrap_servers" {
  description = "Brokers to begin with, for SASL over TLS."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
}

output "arn" {
  description = "The cluster."
  value       = aws_msk_cluster.this.arn
}
