variable "secrets" {
  description = "The output secrets of the environment."
  type = object({
    ids               = map(string)
    seals             = map(string)
    database_services = set(string)
    kafka_user        = string
    cache_services    = set(string)
    database_roles    = map(string)
    database_host     = string
    kafka_arn         = string
    cache_host        = optional(string)
  })
}

variable "logins_version" {
  description = "Raise it by one to change all passwords; then follow the README."
  type        = number
  default     = 1
  validation {
    condition     = var.logins_version >= 1 && floor(var.logins_version) == var.logins_version
    error_message = "logins_version: 1, 2, 3, …"
  }
}

variable "cache_auth_token" {
  description = "Password of Redis, where there is one."
  type        = string
  default     = null
  sensitive   = true
}
