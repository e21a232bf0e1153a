# The least that keeps every promise: three small brokers, one small database with backups, one way out. For staging, or
# a beginning. What is given up is availability, not data: a zone's end stops it until Postgres is restored.
terraform {
  # As in examples/production.
  backend "s3" {
    key          = "atelier/minimal.tfstate"
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
      Environment = "staging"
      ManagedBy   = "terraform"
      Owner       = var.owner
    }
  }
}

module "atelier" {
  source               = "../.."
  name                 = "atelier-staging"
  account_id           = var.account_id
  region               = var.region
  availability_zones   = var.availability_zones
  public_name          = var.public_name
  certificate_arn      = var.certificate_arn
  admin_role_arns      = var.admin_role_arns
  cluster_access_cidrs = var.cluster_access_cidrs
  nat_per_zone         = false

  node_groups = {
    general = { instance_types = ["m7i.large"], min = 2, max = 4, disk_gib = 50 }
  }

  database = { instance_class = "db.t4g.medium", storage_gib = 50, multi_az = false, backup_days = 7 }
  kafka    = { instance_type = "kafka.t3.small", storage_gib = 50 }
}

# Passwords and seals, drawn while applying.
module "values" {
  source         = "../../modules/values"
  secrets        = module.atelier.secrets
  logins_version = var.logins_version
}
