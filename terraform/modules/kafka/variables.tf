variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Data subnets, one a zone."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Who may connect."
  type        = string
}

variable "kafka_version" {
  description = "Version as MSK names it, as in 3.9.x.kraft."
  type        = string
}

variable "brokers" {
  description = "Brokers, a multiple of three."
  type        = number
}

variable "instance_type" {
  description = "Size of a broker, as in kafka.m7g.large."
  type        = string
}

variable "storage_gib" {
  description = "Storage of one broker."
  type        = number
}

variable "retention_hours" {
  description = "How long events are kept; the outbox sends again what is younger than 48 hours."
  type        = number
}

variable "data_key_arn" {
  description = "Key of the storage."
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
