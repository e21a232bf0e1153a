# What must be in the cluster before the chart's first hook runs: service accounts with their roles, secrets, the class of
# volumes, and the load balancer's targets. External Secrets and the AWS Load Balancer Controller give the kinds.
locals {
  metadata = { for service in local.services : service => {
    name      = local.service_accounts[service]
    namespace = var.namespace
  } }
  documents = concat(
    [{
      apiVersion  = "storage.k8s.io/v1"
      kind        = "StorageClass"
      metadata    = { name = "${var.release}-uploads" }
      provisioner = "efs.csi.aws.com"
      parameters = {
        provisioningMode = "efs-ap"
        fileSystemId     = module.objects.file_system_id
        directoryPerms   = "700"
        uid              = "10001"
        gid              = "10001"
      }
      mountOptions  = ["tls"]
      reclaimPolicy = "Retain"
    }],
    [for service in sort(tolist(local.services)) : {
      apiVersion                   = "v1"
      kind                         = "ServiceAccount"
      metadata                     = merge(local.metadata[service], { annotations = { "eks.amazonaws.com/role-arn" = module.identity.role_arns[service] } })
      automountServiceAccountToken = false
    }],
    # Each service's secrets are read with its own role, so a store for each.
    [for service in sort(tolist(local.services)) : {
      apiVersion = "external-secrets.io/v1"
      kind       = "SecretStore"
      metadata   = local.metadata[service]
      spec = { provider = { aws = {
        service = "SecretsManager"
        region  = var.region
        auth    = { jwt = { serviceAccountRef = { name = local.service_accounts[service] } } }
      } } }
    }],
    [for service in sort(tolist(local.services)) : {
      apiVersion = "external-secrets.io/v1"
      kind       = "ExternalSecret"
      metadata   = local.metadata[service]
      spec = {
        refreshInterval = "5m"
        secretStoreRef  = { kind = "SecretStore", name = local.service_accounts[service] }
        target          = { name = local.secret_names[service] }
        dataFrom = [for kind in ["shared", "${service}/login", "${service}/seal"] :
        { extract = { key = module.secrets.names[kind] } } if contains(keys(module.secrets.names), kind)]
      }
    }],
    [for secret in [
      { name = "kafka", reader = "media-worker", kind = "kafka", keys = { password = "password" } },
      { name = "objects", reader = "storage", kind = "storage/objects", keys = { access-key = "S3_ACCESS_KEY", secret-key = "S3_SECRET_KEY" } },
      ] : {
      apiVersion = "external-secrets.io/v1"
      kind       = "ExternalSecret"
      metadata   = { name = "${var.release}-${secret.name}", namespace = var.namespace }
      spec = {
        refreshInterval = "5m"
        secretStoreRef  = { kind = "SecretStore", name = local.service_accounts[secret.reader] }
        target          = { name = "${var.release}-${secret.name}" }
        data = [for key, property in secret.keys :
        { secretKey = key, remoteRef = { key = module.secrets.names[secret.kind], property = property } }]
      }
    } if contains(keys(module.secrets.names), secret.kind)],
    [{
      apiVersion = "elbv2.k8s.aws/v1beta1"
      kind       = "TargetGroupBinding"
      metadata   = { name = "${var.release}-gateway", namespace = var.namespace }
      spec = {
        targetGroupARN = module.edge.target_group_arn
        targetType     = "ip"
        serviceRef     = { name = "${var.release}-gateway", port = "http" }
      }
    }],
  )
}

output "manifests" {
  description = "What stands beside the chart (YAML): terraform output -raw manifests | kubectl apply -f -."
  value       = join("---\n", [for document in local.documents : yamlencode(document)])
}
