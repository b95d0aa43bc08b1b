"""AWS, or what stands in for it."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class AwsSettings(BaseSettings):
    """See the module; part of `sayso.settings.Settings`."""

    aws_region: str | None = Field(default=None, validation_alias="AWS_REGION", description="Region of the S3 buckets.")
    aws_endpoint_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="AWS_ENDPOINT_URL",
        description="Address of an S3-compatible service in place of AWS.",
    )
    aws_access_key_id: str | None = Field(
        default=None, validation_alias="AWS_ACCESS_KEY_ID", description="Name of the AWS access key."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, validation_alias="AWS_SECRET_ACCESS_KEY", description="The AWS access key's secret."
    )
    aws_session_token: SecretStr | None = Field(
        default=None, validation_alias="AWS_SESSION_TOKEN", description="What a temporary AWS access key has besides."
    )
    queue_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="QUEUE_URL",
        description="The SQS queue that stories come from; without it they come from Postgres.",
    )
    dlq_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="DLQ_URL",
        description="The SQS queue for messages that cannot be done; without it they are left to the queue's redrive.",
    )
    dynamodb_table: str | None = Field(
        default=None,
        validation_alias="DYNAMODB_TABLE",
        description="The DynamoDB table in which the tasks of SQS messages have their status.",
    )
    output_bucket: str | None = Field(
        default=None,
        validation_alias="OUTPUT_BUCKET",
        description="The S3 bucket that narrations go to; without it they go to a directory under SAYSO_DATA.",
    )
    cache_s3: str | None = Field(
        default=None,
        pattern=r"^s3://[^/\s]+(/\S*)?$",
        validation_alias="SAYSO_CACHE_S3",
        description="S3 prefix (s3://bucket/prefix) of a speech cache that workers share, behind each one's own.",
    )
    ecs_agent_uri: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="ECS_AGENT_URI",
        description="Where ECS's agent is asked not to stop a busy task; ECS sets it.",
    )
