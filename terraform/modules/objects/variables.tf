variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "account_id" {
  description = "The AWS account; bucket names are the world's."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "objects_key_arn" {
  description = "Key of the objects."
  type        = string
}

variable "deleted_days" {
  description = "How long deleted objects can be brought back."
  type        = number
}

variable "log_days" {
  description = "How long access logs are kept."
  type        = number
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Three data subnets, for the file system of unfinished uploads."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Who may mount it."
  type        = string
}
