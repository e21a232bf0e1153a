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

variable "engine_version" {
  description = "Postgres, major or major.minor."
  type        = string
}

variable "instance_class" {
  description = "Size, as in db.m7g.large."
  type        = string
}

variable "storage_gib" {
  description = "Storage at first; it grows by itself to five times that."
  type        = number
}

variable "multi_az" {
  description = "A standby in another zone."
  type        = bool
}

variable "backup_days" {
  description = "How far back point-in-time recovery reaches."
  type        = number
}

variable "deletion_protection" {
  description = "Refuses to be destroyed."
  type        = bool
}

variable "data_key_arn" {
  description = "Key of the storage."
  type        = string
}

variable "secrets_key_arn" {
  description = "Key of the owner's password."
  type        = string
}

variable "logs_key_arn" {
  description = "Key of the log groups."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}
