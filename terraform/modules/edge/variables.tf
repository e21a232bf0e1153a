variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets."
  type        = list(string)
}

variable "node_security_group_id" {
  description = "Group of the nodes."
  type        = string
}

variable "client_cidrs" {
  description = "Who may come in; the world is 0.0.0.0/0."
  type        = list(string)
}

variable "certificate_arn" {
  description = "Certificate of the public name, in ACM."
  type        = string
}

variable "requests_per_five_minutes" {
  description = "Requests of one address in five minutes before it is refused."
  type        = number
}

variable "log_bucket" {
  description = "Bucket of access logs."
  type        = string
}

variable "deletion_protection" {
  description = "Refuses to be destroyed."
  type        = bool
}

variable "logs_key_arn" {
  description = "Key of the log group."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}
