"""What the workers of stories read besides."""

from __future__ import annotations

from pydantic import Field, PositiveInt

from sayso.settings.base import EnvironmentSettings


class StoryQueueSettings(EnvironmentSettings):
    """See the module."""

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
    stories_at_once: PositiveInt = Field(
        default=4,
        validation_alias="SAYSO_STORIES_AT_ONCE",
        description="How many stories a process works on at once; they share its processors evenly.",
    )
