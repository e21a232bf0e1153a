# The buckets: nobody's but ours, encrypted, and what was deleted comes back for a while.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                     = "mock"
  account_id               = "111122223333"
  region                   = "eu-west-3"
  objects_key_arn          = "arn:aws:kms:eu-west-3:111122223333:key/objects"
  deleted_days             = 30
  log_days                 = 365
  vpc_id                   = "vpc-mock"
  subnet_ids               = ["subnet-a", "subnet-b", "subnet-c"]
  client_security_group_id = "sg-nodes"
}

run "objects" {
  module {
    source = "./modules/objects"
  }
  assert {
    condition     = aws_s3_bucket.objects.bucket == "mock-111122223333-objects" && !aws_s3_bucket.objects.force_destroy
    error_message = "A bucket with films can be destroyed with them."
  }
  assert {
    condition = alltrue([for block in [aws_s3_bucket_public_access_block.objects, aws_s3_bucket_public_access_block.logs] :
    block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "A bucket could be made public."
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_server_side_encryption_configuration.objects.rule : rule.apply_server_side_encryption_by_default[0].kms_master_key_id]) == var.objects_key_arn
    error_message = "Objects are not encrypted with our key."
  }
  assert {
    condition     = aws_s3_bucket_versioning.objects.versioning_configuration[0].status == "Enabled"
    error_message = "What is deleted is gone at once."
  }
  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.objects.rule : try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) == 3])
    error_message = "Unfinished uploads are kept, and paid for, for good."
  }
  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.objects.rule : try(rule.noncurrent_version_expiration[0].noncurrent_days, 0) == 30])
    error_message = "Deleted objects are kept for good."
  }
  assert {
    condition = alltrue([for policy in [aws_s3_bucket_policy.objects.policy, aws_s3_bucket_policy.logs.policy] :
    anytrue([for s in jsondecode(policy).Statement : s.Effect == "Deny" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false" && s.Action == "s3:*"])])
    error_message = "A bucket answers without TLS."
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_s3_bucket_policy.logs.policy).Statement : s.Effect == "Deny" || try(s.Principal.Service, "") != ""])
    error_message = "Others than AWS's own services may write logs."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.objects.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Access lists of single objects count."
  }
  assert {
    condition     = aws_s3_bucket_logging.objects.target_prefix == "objects/"
    error_message = "Nobody knows who asked for objects."
  }
  assert {
    condition     = aws_efs_file_system.uploads.encrypted && aws_efs_file_system.uploads.kms_key_id == var.objects_key_arn && length(aws_efs_mount_target.uploads) == 3
    error_message = "Unfinished uploads are not encrypted with our key, or out of reach in a zone."
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_efs_file_system_policy.uploads.policy).Statement : s.Effect == "Deny" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false"])
    error_message = "Unfinished uploads travel in the clear."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.uploads.referenced_security_group_id == "sg-nodes" && aws_vpc_security_group_ingress_rule.uploads.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.uploads.to_port == 2049
    error_message = "Others than the nodes may mount."
  }
}
