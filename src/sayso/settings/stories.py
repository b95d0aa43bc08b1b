"""Settings of stories: their queue and their workers."""

from __future__ import annotations

from pydantic import Field, PositiveInt

from sayso.settings.base import EnvironmentSettings


class StoryQueueSettings(EnvironmentSettings):
    """The queue of stories."""

    queue_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="QUEUE_URL",
        description="The SQS queue that stories come from; without it they come from Postgres.",
    )


class StoryWorkerSettings(EnvironmentSettings):
    """The dead-letter queue, the status table and the concurrency of stories."""

    dlq_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="DLQ_URL",
        description="The dead-letter queue in SQS; without it failed messages are left to the queue's redrive policy.",
    )
    dynamodb_table: str | None = Field(
        default=None,
        validation_alias="DYNAMODB_TABLE",
        description="The DynamoDB table with the status of the tasks of SQS messages.",
    )
    stories_at_once: PositiveInt = Field(
        default=4,
        validation_alias="SAYSO_STORIES_AT_ONCE",
        description="How many stories a process narrates at once; they share its processors evenly.",
    )
