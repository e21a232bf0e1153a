# Which secrets there are and who reads them. Not their values: mocks know no ephemeral resources.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name              = "mock"
  secrets_key_arn   = "arn:aws:kms:eu-west-3:111122223333:key/secrets"
  services          = ["gateway", "storage", "user"]
  database_services = ["storage", "user"]
  cache_services    = ["gateway", "storage"]
  storage_key       = true
}

run "secrets" {
  module {
    source = "./modules/secrets"
  }
  assert {
    condition     = alltrue([for s in aws_secretsmanager_secret.this : s.kms_key_id == var.secrets_key_arn && s.recovery_window_in_days == 30])
    error_message = "A secret is not encrypted with our key, or gone at once."
  }
  assert {
    condition     = length(output.read_arns["user"]) == 3 && length(output.read_arns["storage"]) == 4 && length(output.read_arns["gateway"]) == 2
    error_message = "A service reads more or less than its own: the gateway has no seal, storage has a key to the bucket."
  }
  assert {
    condition     = output.names["kafka"] == "AmazonMSK_mock"
    error_message = "MSK refuses a login whose secret is named otherwise."
  }
  assert {
    condition     = jsondecode(aws_secretsmanager_secret_policy.kafka.policy).Statement[0].Principal.Service == "kafka.amazonaws.com"
    error_message = "The brokers cannot read their login."
  }
  assert {
    condition     = toset(keys(output.ids)) == toset(["shared", "kafka", "gateway/login", "storage/login", "storage/seal", "storage/objects", "user/login", "user/seal", "notifier/seal", "publisher/seal"])
    error_message = "A secret too many, or too few."
  }
}

run "without_a_fixed_key" {
  command = plan
  variables {
    storage_key = false
  }
  module {
    source = "./modules/secrets"
  }
  assert {
    condition     = !contains(keys(output.names), "storage/objects")
    error_message = "A secret for a key that nobody has."
  }
}
