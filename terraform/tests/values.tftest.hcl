# All modules together: what the chart is told. Tests/Operate renders the chart from these outputs.
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

run "values_of_the_chart" {
  assert {
    condition     = yamldecode(output.helm_values).publicUrl == "https://atelier.example.org"
    error_message = "The public URL."
  }
  assert {
    condition     = yamldecode(output.helm_values).kafka.bootstrapServers == "b-1.mock:9096,b-2.mock:9096,b-3.mock:9096" && yamldecode(output.helm_values).kafka.securityProtocol == "sasl_ssl"
    error_message = "The brokers."
  }
  assert {
    condition     = length(keys(yamldecode(output.helm_values).services)) == 9
    error_message = "Nine services."
  }
  assert {
    condition     = alltrue([for name, s in yamldecode(output.helm_values).services : s.serviceAccount.name == "atelier-${name}" && !s.serviceAccount.create])
    error_message = "Service accounts are those that the roles trust."
  }
  assert {
    condition     = alltrue([for name, s in yamldecode(output.helm_values).services : (name == "gateway") != contains(keys(s.secrets), "DATABASE_URL")])
    error_message = "Every service but the gateway has a database."
  }
  assert {
    condition     = yamldecode(output.helm_values).kafka.username == "atelier" && yamldecode(output.helm_values).kafka.existingSecret == "atelier-kafka"
    error_message = "The login for the brokers."
  }
  assert {
    condition     = yamldecode(output.helm_values).services.gateway.config.IDLE_TIMEOUT_MS > module.edge.idle_seconds * 1000
    error_message = "The gateway closes connections before the load balancer does: 502."
  }
  assert {
    condition     = yamldecode(output.helm_values).networkPolicy.destinations.objects.cidrs == ["198.51.100.0/24", "203.0.113.0/24"] && yamldecode(output.helm_values).networkPolicy.destinations.postgres.cidrs == ["10.20.8.0/24", "10.20.9.0/24", "10.20.10.0/24"]
    error_message = "Pods may speak with other addresses than the stores'."
  }
  assert {
    condition     = yamldecode(output.helm_values).services["media-worker"].tolerations[0].effect == "NoSchedule"
    error_message = "Films cannot run on their own nodes."
  }
  assert {
    condition     = !strcontains(output.helm_values, "assword:") && !strcontains(output.helm_values, "postgresql://")
    error_message = "A secret is in the values."
  }
  assert {
    condition     = length([for d in split("---\n", output.manifests) : d if yamldecode(d).kind == "ExternalSecret"]) == 11 && length([for d in split("---\n", output.manifests) : d if yamldecode(d).kind == "ServiceAccount"]) == 9
    error_message = "A service without secrets or account."
  }
  assert {
    condition     = length(module.cache) == 0 && !strcontains(output.helm_values, "redis")
    error_message = "A cache that nobody asked for."
  }
}
