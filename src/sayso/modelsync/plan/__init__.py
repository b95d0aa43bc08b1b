"""What makes the volume equal to the bucket: pure, from what the bucket, the journal and the volume say."""
