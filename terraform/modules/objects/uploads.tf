# Uploads that are not whole yet are files that all replicas of storage share.
resource "aws_efs_file_system" "uploads" {
  creation_token   = "${var.name}-uploads"
  encrypted        = true
  kms_key_id       = var.objects_key_arn
  throughput_mode  = "elastic"
  performance_mode = "generalPurpose"
  tags             = { Name = "${var.name}-uploads" }
}

resource "aws_security_group" "uploads" {
  name        = "${var.name}-uploads"
  description = "Unfinished uploads of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-uploads" }
}

resource "aws_vpc_security_group_ingress_rule" "uploads" {
  security_group_id            = aws_security_group.uploads.id
  description                  = "NFS from the nodes"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_efs_mount_target" "uploads" {
  count           = 3
  file_system_id  = aws_efs_file_system.uploads.id
  subnet_id       = var.subnet_ids[count.index]
  security_groups = [aws_security_group.uploads.id]
}

resource "aws_efs_file_system_policy" "uploads" {
  file_system_id = aws_efs_file_system.uploads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "MountFromInside"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess"]
        Resource  = "*"
        Condition = { Bool = { "elasticfilesystem:AccessedViaMountTarget" = "true" } }
      },
      {
        Sid       = "TLSOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
