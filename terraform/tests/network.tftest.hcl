# Three kinds of subnets, and data has no way out.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                = "mock"
  region              = "eu-west-3"
  cidr                = "10.20.0.0/16"
  availability_zones  = ["eu-west-3a", "eu-west-3b", "eu-west-3c"]
  nat_per_zone        = true
  interface_endpoints = ["sts"]
  log_days            = 365
  logs_key_arn        = "arn:aws:kms:eu-west-3:111122223333:key/logs"
}

run "a_way_out_in_each_zone" {
  module {
    source = "./modules/network"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 3
    error_message = "A NAT gateway in each zone."
  }
  assert {
    condition     = [for s in aws_subnet.public : s.cidr_block] == ["10.20.0.0/24", "10.20.1.0/24", "10.20.2.0/24"]
    error_message = "Addresses of public subnets."
  }
  assert {
    condition     = [for s in aws_subnet.private : s.cidr_block] == ["10.20.16.0/20", "10.20.32.0/20", "10.20.48.0/20"]
    error_message = "Addresses of private subnets."
  }
  assert {
    condition     = [for s in aws_subnet.data : s.cidr_block] == ["10.20.8.0/24", "10.20.9.0/24", "10.20.10.0/24"]
    error_message = "Addresses of data subnets."
  }
  assert {
    condition     = alltrue([for s in aws_subnet.public : !coalesce(s.map_public_ip_on_launch, false)])
    error_message = "What is started in a public subnet gets a public address by itself."
  }
  assert {
    condition     = toset([for a in aws_route_table_association.data : a.route_table_id]) == toset([aws_route_table.data.id]) && length(aws_route.private) == 3
    error_message = "Data subnets have a route of others."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.logs_key_arn
    error_message = "Traffic is not noted, or not encrypted."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.20.0.0/16" && aws_vpc_endpoint.interface["sts"].private_dns_enabled
    error_message = "Endpoints answer inside only, under their own names."
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && length(aws_vpc_endpoint.s3.route_table_ids) == 3
    error_message = "Films pass through NAT."
  }
}

run "one_way_out" {
  # A state of its own: the same names with another shape.
  state_key = "one"
  variables {
    nat_per_zone        = false
    interface_endpoints = []
  }
  module {
    source = "./modules/network"
  }
  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-3a"] && length(toset([for r in aws_route.private : r.nat_gateway_id])) == 1
    error_message = "One NAT gateway for all."
  }
  assert {
    condition     = length(aws_security_group.endpoints) == 0
    error_message = "A group for endpoints that are not there."
  }
}
