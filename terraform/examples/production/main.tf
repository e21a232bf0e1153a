# Production: three zones, a standby of everything, nothing that can be destroyed by mistake.
terraform {
  # The bucket is made by examples/state and named at init:
  #   terraform init -backend-config=bucket=… -backend-config=region=…
  # The lock is a file beside the state (S3's conditional writes): no table is needed.
  backend "s3" {
    key          = "atelier/production.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
  default_tags {
    tags = {
      Application = "atelier"
      Environment = "production"
      ManagedBy   = "terraform"
      Owner       = var.owner
    }
  }
}

module "atelier" {
  source               = "../.."
  name                 = "atelier-production"
  account_id           = var.account_id
  region               = var.region
  availability_zones   = var.availability_zones
  public_name          = var.public_name
  certificate_arn      = var.certificate_arn
  admin_role_arns      = var.admin_role_arns
  cluster_access_cidrs = var.cluster_access_cidrs
  nat_per_zone         = true
  interface_endpoints  = ["ecr.api", "ecr.dkr", "secretsmanager", "sts"]

  node_groups = {
    general = { instance_types = ["m7i.xlarge"], min = 3, max = 9, disk_gib = 50 }
    # Films: as many as there is work (KEDA asks, the autoscaler brings nodes), and nothing else on them.
    media = {
      instance_types = ["c7i.2xlarge"]
      min            = 1
      max            = 8
      disk_gib       = 200
      labels         = { "atelier/work" = "media" }
      taints         = [{ key = "atelier/work", value = "media", effect = "NO_SCHEDULE" }]
    }
  }

  database         = { instance_class = "db.m7g.large", storage_gib = 200, multi_az = true, backup_days = 14 }
  kafka            = { instance_type = "kafka.m7g.large", storage_gib = 200 }
  cache            = { node_type = "cache.t4g.small", nodes = 2 }
  cache_auth_token = var.cache_auth_token
}

# Passwords and seals, drawn while applying.
module "values" {
  source           = "../../modules/values"
  secrets          = module.atelier.secrets
  logins_version   = var.logins_version
  cache_auth_token = var.cache_auth_token
}
