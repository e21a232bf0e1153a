# The brokers: no answer before two copies are written, TLS, and a login for everybody.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                     = "mock"
  vpc_id                   = "vpc-mock"
  subnet_ids               = ["subnet-a", "subnet-b", "subnet-c"]
  client_security_group_id = "sg-nodes"
  kafka_version            = "3.9.x.kraft"
  brokers                  = 3
  instance_type            = "kafka.m7g.large"
  storage_gib              = 100
  retention_hours          = 168
  data_key_arn             = "arn:aws:kms:eu-west-3:111122223333:key/data"
  logs_key_arn             = "arn:aws:kms:eu-west-3:111122223333:key/logs"
  log_days                 = 365
}

run "kafka" {
  module {
    source = "./modules/kafka"
  }
  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS" && aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].in_cluster
    error_message = "Events travel in the clear."
  }
  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_at_rest_kms_key_arn == var.data_key_arn
    error_message = "Events are not encrypted with our key."
  }
  assert {
    condition     = !aws_msk_cluster.this.client_authentication[0].unauthenticated && aws_msk_cluster.this.client_authentication[0].sasl[0].scram
    error_message = "Anybody may connect, or nobody by SCRAM."
  }
  assert {
    condition     = aws_msk_cluster.this.broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED"
    error_message = "The brokers are reachable from outside."
  }
  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "min.insync.replicas=2") && strcontains(aws_msk_configuration.this.server_properties, "default.replication.factor=3")
    error_message = "An event is acknowledged with fewer than two copies."
  }
  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "unclean.leader.election.enable=false") && strcontains(aws_msk_configuration.this.server_properties, "auto.create.topics.enable=false")
    error_message = "A broker that lags may become leader, or a typing error makes a topic."
  }
  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "log.retention.hours=168")
    error_message = "Retention is not what was asked for."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.clients.from_port == 9096 && aws_vpc_security_group_ingress_rule.clients.to_port == 9096 && aws_vpc_security_group_ingress_rule.clients.cidr_ipv4 == null
    error_message = "Others than the nodes may connect, or without SASL over TLS."
  }
}
