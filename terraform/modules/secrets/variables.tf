variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "secrets_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "database_services" {
  description = "Services that have a schema."
  type        = set(string)
}

variable "cache_services" {
  description = "Services that use the cache."
  type        = set(string)
}

variable "storage_key" {
  description = "Whether storage has a key to the bucket beside its role."
  type        = bool
}

variable "services" {
  description = "All services."
  type        = set(string)
}
