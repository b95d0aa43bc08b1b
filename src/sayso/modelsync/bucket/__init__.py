"""What the bucket says of its objects."""
