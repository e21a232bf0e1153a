output "cluster_name" {
  description = "For aws eks update-kubeconfig."
  value       = module.cluster.name
}

output "load_balancer" {
  description = "Host name of the load balancer; make the public name an alias of it."
  value       = module.edge.host
}

output "database" {
  description = "Host, and the secret with the owner's password, for deploy/postgres/init.sql."
  value       = { host = module.database.host, owner_secret_arn = module.database.owner_secret_arn }
}

output "storage_user" {
  description = "The user whose key storage signs with; its key is made by hand (README)."
  value       = module.identity.storage_user
}

output "operator_roles" {
  description = "Roles of the load balancer's controller and the autoscaler, for their charts."
  value       = module.identity.operator_role_arns
}

output "repositories" {
  description = "Where images are pushed to."
  value       = module.cluster.repositories
}

output "secrets" {
  description = "For the module values: what is to be written where."
  value = {
    ids               = module.secrets.ids
    seals             = module.secrets.seals
    database_services = local.data_services
    kafka_user        = local.kafka_user
    cache_services    = local.cache_services
    database_roles    = local.database_roles
    database_host     = module.database.host
    kafka_arn         = module.kafka.arn
    cache_host        = one(module.cache[*].host)
  }
}
