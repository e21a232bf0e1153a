# What AWS would answer, where the form matters: other resources refuse what is no ARN.
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-west-3:111122223333:key/00000000-0000-0000-0000-000000000000" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-3:111122223333:log-group:mock" }
}

mock_resource "aws_eks_cluster" {
  defaults = {
    arn        = "arn:aws:eks:eu-west-3:111122223333:cluster/mock"
    identity   = [{ oidc = [{ issuer = "https://oidc.eks.eu-west-3.amazonaws.com/id/MOCK" }] }]
    vpc_config = { cluster_security_group_id = "sg-nodes", vpc_id = "vpc-mock" }
  }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-3.amazonaws.com/id/MOCK" }
}

mock_resource "aws_launch_template" {
  defaults = { id = "lt-00000000000000000" }
}

mock_resource "aws_msk_configuration" {
  defaults = { arn = "arn:aws:kafka:eu-west-3:111122223333:configuration/mock/0", latest_revision = 1 }
}

mock_resource "aws_msk_cluster" {
  defaults = {
    arn                          = "arn:aws:kafka:eu-west-3:111122223333:cluster/mock/0"
    bootstrap_brokers_sasl_scram = "b-1.mock:9096,b-2.mock:9096,b-3.mock:9096"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-west-3:111122223333:secret:mock" }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "mock.rds.amazonaws.com"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-3:111122223333:secret:rds" }]
  }
}

mock_resource "aws_elasticache_replication_group" {
  defaults = { primary_endpoint_address = "mock.cache.amazonaws.com" }
}

mock_resource "aws_vpc_endpoint" {
  defaults = { cidr_blocks = ["198.51.100.0/24", "203.0.113.0/24"] }
}

mock_resource "aws_lb" {
  defaults = {
    arn      = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:loadbalancer/app/mock/0"
    dns_name = "mock.elb.amazonaws.com"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/mock/0" }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:eu-west-3:111122223333:regional/webacl/mock/0" }
}
