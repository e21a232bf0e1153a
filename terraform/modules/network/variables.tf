variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC; a /16 gives each zone 4,091 addresses for pods."
  type        = string
}

variable "availability_zones" {
  description = "Three zones, in a fixed order: the order decides the addresses."
  type        = list(string)
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone, or one for all."
  type        = bool
}

variable "interface_endpoints" {
  description = "AWS services that get an address inside the VPC, as in ecr.api."
  type        = list(string)
}

variable "log_days" {
  description = "How long flow logs are kept."
  type        = number
}

variable "logs_key_arn" {
  description = "Key of the log groups."
  type        = string
}
