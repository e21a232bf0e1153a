variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
  default     = "eu-west-3"
}

variable "owner" {
  description = "Who answers for it; a tag of everything."
  type        = string
}
