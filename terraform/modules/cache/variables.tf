variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Data subnets."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Who may connect."
  type        = string
}

variable "node_type" {
  description = "Size, as in cache.t4g.small."
  type        = string
}

variable "nodes" {
  description = "One, or one and its replicas."
  type        = number
}

variable "auth_token" {
  description = "The password, 16 to 128 characters."
  type        = string
  sensitive   = true
}

variable "data_key_arn" {
  description = "Key of the storage."
  type        = string
}
