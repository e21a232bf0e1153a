output "atelier" {
  description = "All that the module says."
  value       = module.atelier
}

output "helm_values" {
  description = "Values of the chart: terraform output -raw helm_values > aws.yaml."
  value       = module.atelier.helm_values
}

output "manifests" {
  description = "What stands beside the chart: terraform output -raw manifests | kubectl apply -f -."
  value       = module.atelier.manifests
}
