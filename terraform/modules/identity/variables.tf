variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "cluster_name" {
  description = "The EKS cluster."
  type        = string
}

variable "namespace" {
  description = "The namespace of the chart's release."
  type        = string
}

variable "services" {
  description = "The services."
  type        = set(string)
}

variable "service_accounts" {
  description = "Service → its service account."
  type        = map(string)
}

variable "secret_arns" {
  description = "Service → secrets that it may read."
  type        = map(list(string))
}

variable "oidc_provider_arn" {
  description = "The cluster's identity provider."
  type        = string
}

variable "oidc_issuer" {
  description = "Its name, without https://."
  type        = string
}

variable "bucket_arn" {
  description = "Bucket of the objects."
  type        = string
}

variable "objects_key_arn" {
  description = "Key of the objects."
  type        = string
}

variable "secrets_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "target_group_arn" {
  description = "Targets of the load balancer."
  type        = string
}

variable "storage_user" {
  description = "Whether storage gets a user with a fixed key beside its role."
  type        = bool
}
