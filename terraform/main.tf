# All of one environment: what the chart needs outside the cluster, and the cluster. See README.md.
locals {
  # Service → its role in Postgres; the same list as deploy/postgres/init.sql. The gateway owns no data.
  database_roles = {
    user         = "atelier_user"
    project      = "atelier_project"
    storage      = "atelier_storage"
    media-worker = "atelier_media"
    ml-worker    = "atelier_ml"
    publisher    = "atelier_publisher"
    notifier     = "atelier_notifier"
    analytics    = "atelier_analytics"
  }
  data_services = toset(keys(local.database_roles))
  services      = setunion(local.data_services, ["gateway"])
  # Whose replicas share something: the limits of the gateways.
  cache_services   = var.cache == null ? toset([]) : toset(["gateway"])
  service_accounts = { for service in local.services : service => "${var.release}-${service}" }
}

module "keys" {
  source     = "./modules/keys"
  name       = var.name
  account_id = var.account_id
  region     = var.region
}

module "network" {
  source              = "./modules/network"
  name                = var.name
  region              = var.region
  cidr                = var.vpc_cidr
  availability_zones  = var.availability_zones
  nat_per_zone        = var.nat_per_zone
  interface_endpoints = var.interface_endpoints
  log_days            = var.log_days
  logs_key_arn        = module.keys.arns.logs
}

module "cluster" {
  source              = "./modules/cluster"
  name                = var.name
  kubernetes_version  = var.kubernetes_version
  subnet_ids          = module.network.private_subnet_ids
  public_access_cidrs = var.cluster_access_cidrs
  admin_role_arns     = var.admin_role_arns
  node_groups         = var.node_groups
  services            = local.services
  cluster_key_arn     = module.keys.arns.cluster
  objects_key_arn     = module.keys.arns.objects
  logs_key_arn        = module.keys.arns.logs
  log_days            = var.log_days
}

module "database" {
  source                   = "./modules/database"
  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  engine_version           = var.database.engine_version
  instance_class           = var.database.instance_class
  storage_gib              = var.database.storage_gib
  multi_az                 = var.database.multi_az
  backup_days              = var.database.backup_days
  deletion_protection      = var.deletion_protection
  data_key_arn             = module.keys.arns.data
  secrets_key_arn          = module.keys.arns.secrets
  logs_key_arn             = module.keys.arns.logs
  log_days                 = var.log_days
}

module "kafka" {
  source                   = "./modules/kafka"
  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  kafka_version            = var.kafka.version
  brokers                  = var.kafka.brokers
  instance_type            = var.kafka.instance_type
  storage_gib              = var.kafka.storage_gib
  retention_hours          = var.kafka.retention_hours
  data_key_arn             = module.keys.arns.data
  logs_key_arn             = module.keys.arns.logs
  log_days                 = var.log_days
}

module "objects" {
  source                   = "./modules/objects"
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  name                     = var.name
  account_id               = var.account_id
  region                   = var.region
  objects_key_arn          = module.keys.arns.objects
  deleted_days             = var.deleted_objects_days
  log_days                 = var.log_days
}

module "cache" {
  count                    = var.cache == null ? 0 : 1
  source                   = "./modules/cache"
  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  node_type                = var.cache.node_type
  nodes                    = var.cache.nodes
  auth_token               = var.cache_auth_token
  data_key_arn             = module.keys.arns.data
}

module "secrets" {
  source            = "./modules/secrets"
  name              = var.name
  secrets_key_arn   = module.keys.arns.secrets
  services          = local.services
  database_services = local.data_services
  cache_services    = local.cache_services
  storage_key       = var.storage_user
}

module "edge" {
  source                    = "./modules/edge"
  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.public_subnet_ids
  node_security_group_id    = module.cluster.security_group_id
  client_cidrs              = var.client_cidrs
  certificate_arn           = var.certificate_arn
  requests_per_five_minutes = var.requests_per_five_minutes
  log_bucket                = module.objects.log_bucket
  deletion_protection       = var.deletion_protection
  logs_key_arn              = module.keys.arns.logs
  log_days                  = var.log_days
}

module "identity" {
  source            = "./modules/identity"
  name              = var.name
  account_id        = var.account_id
  region            = var.region
  cluster_name      = var.name
  namespace         = var.namespace
  services          = local.services
  service_accounts  = local.service_accounts
  secret_arns       = module.secrets.read_arns
  oidc_provider_arn = module.cluster.oidc_provider_arn
  oidc_issuer       = module.cluster.oidc_issuer
  bucket_arn        = module.objects.bucket_arn
  objects_key_arn   = module.keys.arns.objects
  secrets_key_arn   = module.keys.arns.secrets
  target_group_arn  = module.edge.target_group_arn
  storage_user      = var.storage_user
}
