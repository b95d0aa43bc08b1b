resource "aws_dynamodb_table" "tasks" {
  count = var.create_table ? 1 : 0

  name                        = var.table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  range_key                   = "task_id"
  deletion_protection_enabled = var.protect_data
  stream_enabled              = var.replica_region != ""
  stream_view_type            = var.replica_region != "" ? "NEW_AND_OLD_IMAGES" : null
  tags                        = local.tags

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "task_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = var.protect_data
  }

  server_side_encryption {
    enabled = true
  }

  dynamic "replica" {
    for_each = var.replica_region == "" ? [] : [var.replica_region]

    content {
      region_name            = replica.value
      point_in_time_recovery = var.protect_data
    }
  }
}
