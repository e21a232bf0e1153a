variable "name" {
  description = "Name of the environment and prefix of all names."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name: 3 to 20 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "account_id" {
  description = "The AWS account; the provider refuses any other."
  type        = string
  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id: twelve digits."
  }
}

variable "region" {
  description = "The region."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: as in eu-west-3."
  }
}

variable "availability_zones" {
  description = "Three zones of the region, in a fixed order: the order decides the addresses."
  type        = list(string)
  validation {
    condition     = length(distinct(var.availability_zones)) == 3 && length(var.availability_zones) == 3
    error_message = "availability_zones: three different ones; brokers need three to lose one."
  }
  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones: all in the region."
  }
}

variable "vpc_cidr" {
  description = "Private addresses of the VPC."
  type        = string
  default     = "10.20.0.0/16"
  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\..*/16$", var.vpc_cidr))
    error_message = "vpc_cidr: a private /16, as in 10.20.0.0/16."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone; else one, whose zone's end is the end of all egress."
  type        = bool
  default     = true
}

variable "interface_endpoints" {
  description = "AWS services that get addresses inside the VPC: calls to them do not pass NAT. Each costs."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9.-]+$", service))])
    error_message = "interface_endpoints: names as in ecr.api, sts, secretsmanager."
  }
}

variable "kubernetes_version" {
  description = "Minor version of EKS. The chart is tried on 1.34."
  type        = string
  default     = "1.34"
  validation {
    condition     = can(regex("^1\\.(2[7-9]|[3-9][0-9])$", var.kubernetes_version))
    error_message = "kubernetes_version: 1.27 or newer, minor version alone."
  }
}

variable "cluster_access_cidrs" {
  description = "Who may reach the control plane from outside the VPC; nobody if empty."
  type        = list(string)
  default     = []
  validation {
    condition = alltrue([for cidr in var.cluster_access_cidrs :
    can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "cluster_access_cidrs: addresses of an office or a VPN (/16 or narrower), never the world."
  }
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster. Whoever applies is not among them by itself."
  type        = list(string)
  validation {
    condition = length(var.admin_role_arns) > 0 && alltrue([for arn in var.admin_role_arns :
    can(regex("^arn:aws:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "admin_role_arns: at least one role's ARN."
  }
}

variable "node_groups" {
  description = "Name → nodes, x86-64 as the images are."
  type = map(object({
    instance_types = list(string)
    min            = number
    max            = number
    disk_gib       = number
    ami_type       = optional(string, "AL2023_x86_64_STANDARD")
    capacity_type  = optional(string, "ON_DEMAND")
    labels         = optional(map(string), {})
    taints         = optional(list(object({ key = string, value = string, effect = string })), [])
  }))
  validation {
    condition     = alltrue([for group in var.node_groups : group.min >= 0 && group.max >= group.min && group.max > 0])
    error_message = "node_groups: 0 <= min <= max, max > 0."
  }
  validation {
    condition     = alltrue([for group in var.node_groups : contains(["ON_DEMAND", "SPOT"], group.capacity_type)])
    error_message = "node_groups: capacity_type is ON_DEMAND or SPOT."
  }
  validation {
    condition     = contains(keys(var.node_groups), "general")
    error_message = "node_groups: one is named general."
  }
}

variable "database" {
  description = "Postgres; 15 is what the tests use. multi_az keeps a standby; backups allow any second of the last backup_days."
  type = object({
    engine_version = optional(string, "15")
    instance_class = string
    storage_gib    = optional(number, 100)
    multi_az       = optional(bool, true)
    backup_days    = optional(number, 14)
  })
  validation {
    condition     = try(tonumber(split(".", var.database.engine_version)[0]) >= 15, false)
    error_message = "database.engine_version: 15 or newer."
  }
  validation {
    condition     = startswith(var.database.instance_class, "db.")
    error_message = "database.instance_class: as in db.m7g.large."
  }
  validation {
    condition     = var.database.backup_days >= 7 && var.database.backup_days <= 35
    error_message = "database.backup_days: 7 to 35."
  }
  validation {
    condition     = var.database.storage_gib >= 20
    error_message = "database.storage_gib: 20 or more."
  }
}

variable "kafka" {
  description = "MSK. Storage of one broker; retention at least the 48 hours that the outbox sends again."
  type = object({
    version         = optional(string, "3.9.x.kraft")
    brokers         = optional(number, 3)
    instance_type   = string
    storage_gib     = optional(number, 100)
    retention_hours = optional(number, 168)
  })
  validation {
    condition     = var.kafka.brokers >= 3 && var.kafka.brokers % 3 == 0
    error_message = "kafka.brokers: a multiple of three, one or more in each zone."
  }
  validation {
    condition     = startswith(var.kafka.instance_type, "kafka.")
    error_message = "kafka.instance_type: as in kafka.m7g.large."
  }
  validation {
    condition     = var.kafka.retention_hours >= 48
    error_message = "kafka.retention_hours: 48 or more."
  }
}

variable "cache" {
  description = "Redis, for limits that replicas share; none if null."
  type = object({
    node_type = string
    nodes     = optional(number, 2)
  })
  default = null
  validation {
    condition     = try(startswith(var.cache.node_type, "cache.") && var.cache.nodes >= 1 && var.cache.nodes <= 6, var.cache == null)
    error_message = "cache: node_type as in cache.t4g.small, 1 to 6 nodes."
  }
}

variable "cache_auth_token" {
  description = "Password of Redis (TF_VAR_cache_auth_token). The one secret that the state holds, as ElastiCache knows no other way."
  type        = string
  default     = null
  sensitive   = true
  validation {
    condition     = var.cache == null || can(regex("^[A-Za-z0-9!&#$^<>-]{32,128}$", var.cache_auth_token))
    error_message = "cache_auth_token: 32 to 128 letters and digits, where there is a cache."
  }
}

variable "deleted_objects_days" {
  description = "How long deleted objects can be brought back; then they are gone for good."
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_objects_days >= 1 && var.deleted_objects_days <= 90
    error_message = "deleted_objects_days: 1 to 90."
  }
}

variable "certificate_arn" {
  description = "Certificate of the public name, in ACM, in the same region."
  type        = string
  validation {
    condition     = can(regex("^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn: the ARN of a certificate in ACM."
  }
}

variable "public_name" {
  description = "Host name that people use."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.public_name))
    error_message = "public_name: a host name, as in atelier.example.org."
  }
}

variable "client_cidrs" {
  description = "Who may come in, on 443 alone."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  validation {
    condition     = length(var.client_cidrs) > 0 && alltrue([for cidr in var.client_cidrs : can(cidrnetmask(cidr))])
    error_message = "client_cidrs: networks as in 0.0.0.0/0."
  }
}

variable "requests_per_five_minutes" {
  description = "Requests of one address in five minutes before the firewall answers 429."
  type        = number
  default     = 10000
  validation {
    condition     = var.requests_per_five_minutes >= 100
    error_message = "requests_per_five_minutes: 100 or more."
  }
}

variable "deletion_protection" {
  description = "Database and load balancer refuse to be destroyed."
  type        = bool
  default     = true
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 731], var.log_days)
    error_message = "log_days: one of CloudWatch's, as 30, 90 or 365."
  }
}

variable "storage_user" {
  description = "Storage signs with a fixed key as yet; false once it can use its role."
  type        = bool
  default     = true
}

variable "namespace" {
  description = "Namespace of the chart's release."
  type        = string
  default     = "atelier"
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace: a Kubernetes name."
  }
}

variable "release" {
  description = "Name of the chart's release; service accounts are named after it."
  type        = string
  default     = "atelier"
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", var.release))
    error_message = "release: a Kubernetes name of at most 40 letters."
  }
}
