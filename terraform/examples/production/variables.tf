variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
  default     = "eu-west-3"
}

variable "availability_zones" {
  description = "Three zones of the region."
  type        = list(string)
  default     = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]
}

variable "owner" {
  description = "Who answers for it; a tag of everything."
  type        = string
}

variable "public_name" {
  description = "Host name that people use."
  type        = string
}

variable "certificate_arn" {
  description = "Its certificate in ACM."
  type        = string
}

variable "admin_role_arns" {
  description = "IAM roles that administer the cluster."
  type        = list(string)
}

variable "cluster_access_cidrs" {
  description = "Who may reach the control plane from outside; nobody if empty."
  type        = list(string)
  default     = []
}

variable "cache_auth_token" {
  description = "Password of Redis: export TF_VAR_cache_auth_token=$(openssl rand -hex 32)."
  type        = string
  sensitive   = true
}

variable "logins_version" {
  description = "Raise it by one to change all passwords (README)."
  type        = number
  default     = 1
}
