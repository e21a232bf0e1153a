# EKS: private, encrypted, logged; nodes that do not lend their identity.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                = "mock"
  kubernetes_version  = "1.34"
  subnet_ids          = ["subnet-a", "subnet-b", "subnet-c"]
  public_access_cidrs = []
  admin_role_arns     = ["arn:aws:iam::111122223333:role/admin"]
  services            = ["gateway", "user"]
  cluster_key_arn     = "arn:aws:kms:eu-west-3:111122223333:key/cluster"
  objects_key_arn     = "arn:aws:kms:eu-west-3:111122223333:key/objects"
  logs_key_arn        = "arn:aws:kms:eu-west-3:111122223333:key/logs"
  log_days            = 365
  node_groups = {
    general = { instance_types = ["m7i.large"], min = 2, max = 4, disk_gib = 50 }
    gpu = {
      instance_types = ["g6.xlarge"], min = 0, max = 2, disk_gib = 100, ami_type = "AL2023_x86_64_NVIDIA"
      taints         = [{ key = "nvidia.com/gpu", value = "true", effect = "NO_SCHEDULE" }]
    }
  }
}

run "private" {
  module {
    source = "./modules/cluster"
  }
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "The control plane is reachable from outside."
  }
  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.cluster_key_arn && tolist(aws_eks_cluster.this.encryption_config[0].resources) == tolist(["secrets"])
    error_message = "Kubernetes secrets are not encrypted with our key."
  }
  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5
    error_message = "Not all of the control plane's logs are kept."
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Whoever applied is administrator for good."
  }
  assert {
    condition     = alltrue([for t in aws_launch_template.node : t.metadata_options[0].http_tokens == "required" && t.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "A pod may take the node's credentials."
  }
  assert {
    condition     = alltrue([for t in aws_launch_template.node : tobool(t.block_device_mappings[0].ebs[0].encrypted)])
    error_message = "Disks of nodes are not encrypted."
  }
  assert {
    condition     = jsondecode(aws_eks_addon.this["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "The chart's NetworkPolicies would do nothing."
  }
  assert {
    condition     = aws_eks_node_group.this["gpu"].scaling_config[0].min_size == 0 && one(aws_eks_node_group.this["gpu"].taint).key == "nvidia.com/gpu"
    error_message = "GPU nodes take other work, or are never zero."
  }
  assert {
    condition     = alltrue([for r in aws_ecr_repository.this : r.image_tag_mutability == "IMMUTABLE" && r.image_scanning_configuration[0].scan_on_push && r.encryption_configuration[0].kms_key == var.objects_key_arn])
    error_message = "A tag may come to mean another image, or images are not scanned."
  }
  assert {
    condition     = toset(keys(aws_iam_role_policy_attachment.node)) == toset(["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"])
    error_message = "Nodes may do more than nodes do."
  }
}

run "from_an_office" {
  command = plan
  variables {
    public_access_cidrs = ["198.51.100.0/24"]
  }
  module {
    source = "./modules/cluster"
  }
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && tolist(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == tolist(["198.51.100.0/24"])
    error_message = "The control plane is open to others than the office."
  }
}
