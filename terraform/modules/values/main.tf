# Values are drawn while applying, written, and forgotten: they are in no plan and no state (write-only arguments).
# A value is written again only when its version is raised. This is a module of its own because mocks of Terraform's tests
# know no ephemeral resources; scripts/check-ops plans it with the real provider.
ephemeral "aws_secretsmanager_random_password" "login" {
  for_each            = setunion(var.secrets.database_services, ["kafka"])
  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "seal" {
  for_each            = setunion(keys(var.secrets.seals), ["shared"])
  password_length     = 64
  exclude_punctuation = true
}

locals {
  seals_version = 1 # never raised: what was sealed could not be opened
}

resource "aws_secretsmanager_secret_version" "shared" {
  secret_id                = var.secrets.ids["shared"]
  secret_string_wo         = jsonencode({ SERVICE_SECRET = ephemeral.aws_secretsmanager_random_password.seal["shared"].random_password })
  secret_string_wo_version = local.seals_version
}

resource "aws_secretsmanager_secret_version" "seal" {
  for_each                 = var.secrets.seals
  secret_id                = var.secrets.ids["${each.key}/seal"]
  secret_string_wo         = jsonencode({ (each.value) = ephemeral.aws_secretsmanager_random_password.seal[each.key].random_password })
  secret_string_wo_version = local.seals_version
}

resource "aws_secretsmanager_secret_version" "login" {
  for_each  = setunion(var.secrets.database_services, var.secrets.cache_services)
  secret_id = var.secrets.ids["${each.value}/login"]
  secret_string_wo = jsonencode(merge(
    contains(var.secrets.database_services, each.value) ? {
      DATABASE_URL = join("", [
        "postgresql://${var.secrets.database_roles[each.value]}:",
        ephemeral.aws_secretsmanager_random_password.login[each.value].random_password,
        "@${var.secrets.database_host}:5432/atelier?sslmode=verify-full",
      ])
    } : {},
    contains(var.secrets.cache_services, each.value) ? {
      REDIS_URL = "rediss://:${urlencode(var.cache_auth_token)}@${var.secrets.cache_host}:6379/0"
    } : {},
  ))
  secret_string_wo_version = var.logins_version
}

resource "aws_secretsmanager_secret_version" "kafka" {
  secret_id = var.secrets.ids["kafka"]
  secret_string_wo = jsonencode({
    username = var.secrets.kafka_user
    password = ephemeral.aws_secretsmanager_random_password.login["kafka"].random_password
  })
  secret_string_wo_version = var.logins_version
}

# The brokers learn of the login only now that it has a value.
resource "aws_msk_single_scram_secret_association" "this" {
  cluster_arn = var.secrets.kafka_arn
  secret_arn  = aws_secretsmanager_secret_version.kafka.arn
}
