# All modules together: with a cache, and what is refused.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "mock"
  account_id         = "111122223333"
  region             = "eu-west-3"
  availability_zones = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]
  public_name        = "atelier.example.org"
  certificate_arn    = "arn:aws:acm:eu-west-3:111122223333:certificate/mock"
  admin_role_arns    = ["arn:aws:iam::111122223333:role/admin"]
  node_groups = {
    general = { instance_types = ["m7i.large"], min = 2, max = 4, disk_gib = 50 }
    media = {
      instance_types = ["c7i.xlarge"], min = 0, max = 4, disk_gib = 200
      taints         = [{ key = "atelier/work", value = "media", effect = "NO_SCHEDULE" }]
    }
  }
  database = { instance_class = "db.t4g.medium" }
  kafka    = { instance_type = "kafka.t3.small" }
}

run "with_a_cache" {
  variables {
    cache            = { node_type = "cache.t4g.small" }
    cache_auth_token = "0123456789abcdef0123456789abcdef"
  }
  assert {
    condition     = length(module.cache) == 1 && yamldecode(output.helm_values).networkPolicy.destinations.redis.ports == [6379]
    error_message = "No cache, or no way to it."
  }
  assert {
    condition     = yamldecode(output.helm_values).services.gateway.secrets.REDIS_URL == "atelier-gateway-secrets" && !contains(keys(yamldecode(output.helm_values).services.storage.secrets), "REDIS_URL")
    error_message = "The chart is not told of the cache for the gateway, and for it alone."
  }
}

run "refused_network" {
  command = plan
  variables {
    vpc_cidr             = "8.8.0.0/16"
    availability_zones   = ["eu-west-3a", "eu-west-3a", "eu-west-3b"]
    cluster_access_cidrs = ["0.0.0.0/0"]
    client_cidrs         = []
    interface_endpoints  = ["STS!"]
  }
  expect_failures = [var.vpc_cidr, var.availability_zones, var.cluster_access_cidrs, var.client_cidrs, var.interface_endpoints]
}

run "refused_names" {
  command = plan
  variables {
    name            = "Mock_1"
    account_id      = "12"
    public_name     = "atelier"
    certificate_arn = "arn:aws:iam::1:x"
    admin_role_arns = []
    namespace       = "Atelier"
    release         = "-x"
  }
  expect_failures = [var.name, var.account_id, var.public_name, var.certificate_arn, var.admin_role_arns, var.namespace, var.release]
}

run "refused_sizes" {
  command = plan
  variables {
    database                  = { engine_version = "14", instance_class = "m7g.large", backup_days = 1, storage_gib = 5 }
    kafka                     = { instance_type = "t3.small", brokers = 2, retention_hours = 24 }
    node_groups               = { media = { instance_types = ["c7i.large"], min = 4, max = 2, disk_gib = 50, capacity_type = "FREE" } }
    kubernetes_version        = "1.21"
    log_days                  = 5
    deleted_objects_days      = 0
    requests_per_five_minutes = 1
  }
  expect_failures = [var.database, var.kafka, var.node_groups, var.kubernetes_version, var.log_days, var.deleted_objects_days, var.requests_per_five_minutes]
}

run "a_cache_without_a_password" {
  command = plan
  variables {
    cache = { node_type = "cache.t4g.small" }
  }
  expect_failures = [var.cache_auth_token]
}
