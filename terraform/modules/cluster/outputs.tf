output "name" {
  description = "The cluster's name."
  value       = aws_eks_cluster.this.name
}

output "security_group_id" {
  description = "Group of the nodes and the control plane."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "oidc_provider_arn" {
  description = "What IRSA roles trust."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "oidc_issuer" {
  description = "The issuer's name, without https://."
  value       = local.issuer
}

output "repositories" {
  description = "Service → image repository."
  value       = { for service, repository in aws_ecr_repository.this : service => repository.repository_url }
}
