output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets of nodes and pods."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "data_subnet_ids" {
  description = "Subnets of database, brokers and cache."
  value       = [for zone in var.availability_zones : aws_subnet.data[zone].id]
}

output "public_cidrs" {
  description = "Where the load balancer calls from."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].cidr_block]
}

output "private_cidrs" {
  description = "Where pods live."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].cidr_block]
}

output "data_cidrs" {
  description = "Where database, brokers and cache live."
  value       = [for zone in var.availability_zones : aws_subnet.data[zone].cidr_block]
}

output "s3_cidrs" {
  description = "Public addresses of S3 in the region."
  value       = aws_vpc_endpoint.s3.cidr_blocks
}
