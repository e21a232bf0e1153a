# A role for each service: for one service account, with its own secrets; objects for storage alone.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name              = "mock"
  account_id        = "111122223333"
  region            = "eu-west-3"
  cluster_name      = "mock"
  namespace         = "atelier"
  services          = ["gateway", "storage", "user"]
  service_accounts  = { gateway = "atelier-gateway", storage = "atelier-storage", user = "atelier-user" }
  secret_arns       = { gateway = ["arn:aws:secretsmanager:::secret:shared"], storage = ["arn:aws:secretsmanager:::secret:storage"], user = ["arn:aws:secretsmanager:::secret:user"] }
  oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/mock"
  oidc_issuer       = "oidc.mock"
  bucket_arn        = "arn:aws:s3:::mock-objects"
  objects_key_arn   = "arn:aws:kms:eu-west-3:111122223333:key/objects"
  secrets_key_arn   = "arn:aws:kms:eu-west-3:111122223333:key/secrets"
  target_group_arn  = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/mock/0"
  storage_user      = true
}

run "roles" {
  module {
    source = "./modules/identity"
  }
  assert {
    condition     = toset(keys(aws_iam_role.service)) == var.services
    error_message = "A role for each service."
  }
  assert {
    condition = alltrue([for service, role in aws_iam_role.service :
    jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["oidc.mock:sub"] == "system:serviceaccount:atelier:atelier-${service}"])
    error_message = "A role may be taken by another service account."
  }
  assert {
    condition = alltrue([for role in concat(values(aws_iam_role.service), values(aws_iam_role.operator)) :
    jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["oidc.mock:aud"] == "sts.amazonaws.com" && !strcontains(role.assume_role_policy, "*")])
    error_message = "A role's trust has a wildcard, or takes tokens that were made for others."
  }
  assert {
    condition = alltrue([for service, policy in aws_iam_role_policy.secrets :
    tolist(jsondecode(policy.policy).Statement[0].Resource) == var.secret_arns[service]])
    error_message = "A service reads secrets of another."
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.secrets : !strcontains(policy.policy, "\"*\"") && !strcontains(policy.policy, "Put") && !strcontains(policy.policy, "Update")])
    error_message = "A service may write secrets, or read all."
  }
  assert {
    condition     = aws_iam_role_policy.objects.role == aws_iam_role.service["storage"].id && alltrue([for s in jsondecode(aws_iam_role_policy.objects.policy).Statement : s.Resource != "*" && !contains(flatten([s.Action]), "s3:*")])
    error_message = "Others than storage touch objects, or storage touches more."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.objects.policy, "DeleteObjectVersion") && !strcontains(aws_iam_role_policy.objects.policy, "PutBucket")
    error_message = "Storage could delete for good, or change its bucket."
  }
  assert {
    condition     = aws_iam_user_policy.storage[0].policy == aws_iam_role_policy.objects.policy
    error_message = "The user of the fixed key has other rights than the role."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.load_balancer.policy).Statement[0].Resource == var.target_group_arn && alltrue([for a in jsondecode(aws_iam_role_policy.load_balancer.policy).Statement[1].Action : startswith(split(":", a)[1], "Describe")])
    error_message = "The controller may change more than the targets."
  }
  assert {
    condition     = try(jsondecode(aws_iam_role_policy.autoscaler.policy).Statement[0].Condition.StringEquals["aws:ResourceTag/k8s.io/cluster-autoscaler/mock"], "") == "owned"
    error_message = "The autoscaler may end other clusters' nodes."
  }
}

run "without_a_fixed_key" {
  variables {
    storage_user = false
  }
  module {
    source = "./modules/identity"
  }
  assert {
    condition     = length(aws_iam_user.storage) == 0 && output.storage_user == null
    error_message = "A user that nobody wants."
  }
}
