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
