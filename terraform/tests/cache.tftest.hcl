mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                     = "mock"
  vpc_id                   = "vpc-mock"
  subnet_ids               = ["subnet-a", "subnet-b", "subnet-c"]
  client_security_group_id = "sg-nodes"
  node_type                = "cache.t4g.small"
  nodes                    = 2
  auth_token               = "0123456789abcdef0123456789abcdef"
  data_key_arn             = "arn:aws:kms:eu-west-3:111122223333:key/data"
}

run "two_nodes" {
  module {
    source = "./modules/cache"
  }
  assert {
    condition     = tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled) && aws_elasticache_replication_group.this.kms_key_id == var.data_key_arn
    error_message = "Not encrypted at rest with our key."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required" && aws_elasticache_replication_group.this.auth_token != null
    error_message = "Redis speaks in the clear, or without a password."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_replication_group.this.multi_az_enabled
    error_message = "A replica does not take over."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.referenced_security_group_id == "sg-nodes" && aws_vpc_security_group_ingress_rule.this.cidr_ipv4 == null
    error_message = "Others than the nodes may connect."
  }
}

run "one_node" {
  variables {
    nodes = 1
  }
  module {
    source = "./modules/cache"
  }
  assert {
    condition     = !aws_elasticache_replication_group.this.automatic_failover_enabled && !aws_elasticache_replication_group.this.multi_az_enabled
    error_message = "AWS refuses a failover without a replica."
  }
}
