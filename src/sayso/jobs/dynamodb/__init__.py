"""Tasks in a DynamoDB table that others own."""

from sayso.jobs.dynamodb.store import DynamoTaskStore

__all__ = ["DynamoTaskStore"]
