"""What requests may say, and what the API serves."""
