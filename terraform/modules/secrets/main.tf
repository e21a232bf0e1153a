# The secrets themselves, without values: the module values writes those, or other means.
#
#   <name>/shared            SERVICE_SECRET, the same for all
#   <name>/<service>/login   what is changed now and then: DATABASE_URL, REDIS_URL
#   <name>/<service>/seal    what seals stored data: changing it makes that data unreadable
#   <name>/storage/objects   storage's key to the bucket, put there by hand
#   AmazonMSK_<name>         the login of the fleet, as the brokers read it; the name must begin so
locals {
  logins = setunion(var.database_services, var.cache_services)
  # Service → the setting that seals what it stores.
  seals = {
    user      = "KEY_SEAL_SECRET"
    publisher = "TOKEN_SEAL_SECRET"
    notifier  = "WEBHOOK_SEAL_SECRET"
    storage   = "URL_SIGNING_SECRET"
  }
  names = merge(
    { shared = "${var.name}/shared", kafka = "AmazonMSK_${var.name}" },
    { for service in local.logins : "${service}/login" => "${var.name}/${service}/login" },
    { for service in keys(local.seals) : "${service}/seal" => "${var.name}/${service}/seal" },
    var.storage_key ? { "storage/objects" = "${var.name}/storage/objects" } : {},
  )
}

resource "aws_secretsmanager_secret" "this" {
  for_each                = local.names
  name                    = each.value
  description             = "${each.key} of ${var.name}"
  kms_key_id              = var.secrets_key_arn
  recovery_window_in_days = 30
}

# The brokers read their login themselves.
resource "aws_secretsmanager_secret_policy" "kafka" {
  secret_arn = aws_secretsmanager_secret.this["kafka"].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Brokers"
      Effect    = "Allow"
      Principal = { Service = "kafka.amazonaws.com" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = aws_secretsmanager_secret.this["kafka"].arn
    }]
  })
}
