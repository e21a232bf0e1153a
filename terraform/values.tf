# What the chart is told: everything that Terraform knows and the chart needs, and nothing else (replicas, autoscaling
# and resources are the chart's business).
locals {
  # The login of the fleet for the brokers.
  kafka_user = "atelier"
  # One Kubernetes Secret for each service, and two that the chart knows by their own names (manifests.tf).
  secret_names = { for service in local.services : service => "${var.release}-${service}-secrets" }
  settings = { for service in local.services : service => concat(
    ["SERVICE_SECRET"],
    contains(keys(local.database_roles), service) ? ["DATABASE_URL"] : [],
    contains(local.cache_services, service) ? ["REDIS_URL"] : [],
    contains(keys(module.secrets.seals), service) ? [module.secrets.seals[service]] : [],
  ) }
  # Films on nodes of their own, where there are some.
  media = try(var.node_groups["media"], null)
  media_placement = { for key, value in {
    nodeSelector = { "atelier/nodes" = "media" }
    tolerations = [for taint in try(local.media.taints, []) : {
      key      = taint.key
      operator = "Equal"
      value    = taint.value
      effect   = replace(title(lower(replace(taint.effect, "_", " "))), " ", "")
    }]
  } : key => value if local.media != null }
  load_balancer = [for cidr in module.network.public_cidrs : { ipBlock = { cidr = cidr } }]

  helm_values = {
    fullnameOverride = var.release
    publicUrl        = "https://${var.public_name}"
    global           = { imageRegistry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com" }
    postgres         = { ca = "${var.release}-rds-ca" }
    kafka = {
      bootstrapServers = module.kafka.bootstrap_servers
      securityProtocol = "sasl_ssl"
      saslMechanism    = "SCRAM-SHA-512"
      username         = local.kafka_user
      existingSecret   = "${var.release}-kafka"
      # MSK's certificates are signed by an authority that every system trusts.
      ca          = ""
      certificate = ""
    }
    objectStore = {
      kind           = "s3"
      endpoint       = "https://s3.${var.region}.amazonaws.com"
      bucket         = module.objects.bucket
      region         = var.region
      existingSecret = "${var.release}-objects"
    }
    # The load balancer is bound to the gateway's Service, not made from an Ingress.
    ingress = { enabled = false }
    networkPolicy = {
      enabled    = true
      publicFrom = local.load_balancer
      destinations = merge(
        {
          postgres = { cidrs = module.network.data_cidrs, ports = [5432] }
          kafka    = { cidrs = module.network.data_cidrs, ports = [9096] }
          # S3 has public addresses, also through the endpoint of the VPC: those of this region and no others.
          objects = { cidrs = module.network.s3_cidrs, ports = [443] }
        },
        { for name in ["redis"] : name => { cidrs = module.network.data_cidrs, ports = [6379] } if var.cache != null },
      )
    }
    services = { for service in local.services : service => merge(
      {
        image          = { repository = "${var.name}/${service}" }
        serviceAccount = { create = false, name = local.service_accounts[service] }
        secrets        = { for setting in local.settings[service] : setting => local.secret_names[service] }
        config         = try(local.config[service], {})
      },
      try(local.extras[service], {}),
    ) }
  }

  extras = {
    gateway = {
      # The load balancer asks the private listener whether the pod is ready.
      extraIngress                  = [{ from = local.load_balancer, ports = [{ protocol = "TCP", port = 9080 }] }]
      terminationGracePeriodSeconds = 90
    }
    storage        = { dataFolder = { storageClass = "${var.release}-uploads", accessMode = "ReadWriteMany" } }
    "media-worker" = local.media_placement
  }

  config = {
    gateway = {
      TRUSTED_PROXIES = 1
      # Longer than the load balancer keeps a silent connection, or it sends requests into closed ones (502).
      IDLE_TIMEOUT_MS = (module.edge.idle_seconds + 10) * 1000
      # A pod's removal reaches the load balancer some seconds after the pod is told to stop.
      DRAIN_DELAY_MS = 20000
    }
  }
}

output "helm_values" {
  description = "Values of the chart (YAML): terraform output -raw helm_values > aws.yaml."
  value       = yamlencode(local.helm_values)
}
