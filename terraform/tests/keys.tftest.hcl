mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name       = "mock"
  account_id = "111122223333"
  region     = "eu-west-3"
}

run "keys" {
  module {
    source = "./modules/keys"
  }
  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["cluster", "data", "logs", "objects", "secrets"])
    error_message = "One key for each kind of thing."
  }
  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "A key is not rotated, or is gone sooner than its loss is noticed."
  }
  assert {
    condition     = alltrue(flatten([for key in aws_kms_key.this : [for s in jsondecode(key.policy).Statement : try(s.Principal, "*") != "*" && try(s.Principal.AWS, "") != "*"]]))
    error_message = "A key is open to the world."
  }
  assert {
    condition     = alltrue([for purpose, key in aws_kms_key.this : length(jsondecode(key.policy).Statement) == (purpose == "logs" ? 2 : 1)])
    error_message = "Only the key of the logs is for a service of AWS."
  }
  assert {
    condition     = jsondecode(aws_kms_key.this["logs"].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:eu-west-3:111122223333:*"
    error_message = "Logs of another account could use our key."
  }
}
