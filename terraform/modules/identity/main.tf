# A role for each service, for exactly one service account. Each reads its own secrets; storage alone touches objects.
locals {
  assume = { for account in concat([for service in var.services : "${var.namespace}:${var.service_accounts[service]}"],
    [for name in keys(local.operators) : local.operators[name]]) : account => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Federated = var.oidc_provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = {
          "${var.oidc_issuer}:aud" = "sts.amazonaws.com"
          "${var.oidc_issuer}:sub" = "system:serviceaccount:${account}"
        } }
      }]
  }) }
  # Parts of the cluster itself that speak with AWS, and their service accounts.
  operators = {
    load-balancer = "kube-system:aws-load-balancer-controller"
    autoscaler    = "kube-system:cluster-autoscaler"
  }
  objects = [
    {
      Sid      = "Objects"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = "${var.bucket_arn}/*"
    },
    {
      Sid      = "Bucket"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
      Resource = var.bucket_arn
    },
    {
      Sid      = "ObjectsKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = var.objects_key_arn
    },
  ]
}

resource "aws_iam_role" "service" {
  for_each             = var.services
  name                 = "${var.name}-${each.value}"
  description          = "${each.value} of ${var.name}"
  assume_role_policy   = local.assume["${var.namespace}:${var.service_accounts[each.value]}"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "secrets" {
  for_each = var.services
  name     = "own-secrets"
  role     = aws_iam_role.service[each.value].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "OwnSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = var.secret_arns[each.value]
      },
      {
        Sid      = "SecretsKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.secrets_key_arn
        Condition = { StringEquals = {
          "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com"
        } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "objects" {
  name   = "objects"
  role   = aws_iam_role.service["storage"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.objects })
}

# Storage signs with a fixed key as yet, so there is a user with the same rights and no others. Its key is made by
# hand (README) and lies in Secrets Manager; Terraform never sees it.
resource "aws_iam_user" "storage" {
  count = var.storage_user ? 1 : 0
  name  = "${var.name}-storage"
}

resource "aws_iam_user_policy" "storage" {
  count  = var.storage_user ? 1 : 0
  name   = "objects"
  user   = aws_iam_user.storage[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.objects })
}
