# Postgres: encrypted, unreachable from outside, kept, and TLS only.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                     = "mock"
  vpc_id                   = "vpc-mock"
  subnet_ids               = ["subnet-a", "subnet-b", "subnet-c"]
  client_security_group_id = "sg-nodes"
  engine_version           = "16"
  instance_class           = "db.m7g.large"
  storage_gib              = 100
  multi_az                 = true
  backup_days              = 14
  deletion_protection      = true
  data_key_arn             = "arn:aws:kms:eu-west-3:111122223333:key/data"
  secrets_key_arn          = "arn:aws:kms:eu-west-3:111122223333:key/secrets"
  logs_key_arn             = "arn:aws:kms:eu-west-3:111122223333:key/logs"
  log_days                 = 365
}

run "database" {
  module {
    source = "./modules/database"
  }
  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == var.data_key_arn
    error_message = "Storage is not encrypted with our key."
  }
  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "The database is reachable from outside."
  }
  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && !aws_db_instance.this.delete_automated_backups
    error_message = "The database can be lost by one command."
  }
  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.backup_retention_period >= 7
    error_message = "No standby, or backups of less than a week."
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "The owner's password would be in the state."
  }
  assert {
    condition     = one([for p in aws_db_parameter_group.this.parameter : p.value if p.name == "rds.force_ssl"]) == "1"
    error_message = "Connections without TLS are taken."
  }
  assert {
    condition     = one([for p in aws_db_parameter_group.this.parameter : p.value if p.name == "password_encryption"]) == "scram-sha-256"
    error_message = "Passwords are not kept as SCRAM."
  }
  assert {
    condition     = aws_db_parameter_group.this.family == "postgres16"
    error_message = "The family of parameters is not that of the version."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.referenced_security_group_id == "sg-nodes" && aws_vpc_security_group_ingress_rule.this.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.this.from_port == 5432 && aws_vpc_security_group_ingress_rule.this.to_port == 5432
    error_message = "Others than the nodes may connect."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.logs_key_arn && group.retention_in_days == 365])
    error_message = "Logs without key or end."
  }
}
