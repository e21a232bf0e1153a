variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "kubernetes_version" {
  description = "Minor version, as in 1.34."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "public_access_cidrs" {
  description = "Who may reach the control plane from outside; nobody if empty."
  type        = list(string)
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster."
  type        = list(string)
}

variable "services" {
  description = "Names of the services, for the registry."
  type        = set(string)
}

variable "cluster_key_arn" {
  description = "Key of Kubernetes secrets."
  type        = string
}

variable "objects_key_arn" {
  description = "Key of the images."
  type        = string
}

variable "logs_key_arn" {
  description = "Key of the log group."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}

variable "node_groups" {
  description = "Name → nodes. GPU nodes: an ami_type with NVIDIA, and a taint that only GPU work tolerates."
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
}
