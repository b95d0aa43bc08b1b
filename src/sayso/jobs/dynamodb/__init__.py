"""Tasks in a DynamoDB table that other services share."""

from sayso.jobs.dynamodb.store import DynamoTaskStore

__all__ = ["DynamoTaskStore"]
