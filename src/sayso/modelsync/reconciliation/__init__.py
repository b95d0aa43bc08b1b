"""Make the volume equal to the bucket, and resolve after a crash what was begun."""
