"""Narrations: how long, where they go, and how they are reached."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import LongSecret


class NarrationSettings(EnvironmentSettings):
    """See the module."""

    max_narration_seconds: PositiveFloat = Field(
        default=100 * 3600.0,
        validation_alias="SAYSO_MAX_NARRATION_SECONDS",
        description="Length of the longest audio that one narration or story makes, in seconds.",
    )
    queue_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="QUEUE_URL",
        description="The SQS queue that stories come from; without it they come from Postgres.",
    )
    output_bucket: str | None = Field(
        default=None,
        validation_alias="OUTPUT_BUCKET",
        description="The S3 bucket that narrations go to; without it they go to a directory under SAYSO_DATA.",
    )
    public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="PUBLIC_BASE_URL",
        description="The address at which others reach this service, for links; the request's own by default.",
    )
    link_seconds: PositiveInt = Field(
        default=24 * 3600,
        validation_alias="SAYSO_LINK_SECONDS",
        description="How long a link to a finished file works, in seconds.",
    )
    signing_secret: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET",
        description="The root secret, at least 32 characters, never given to anybody: the keys of links and callbacks "
        "are derived from it; made and kept under SAYSO_DATA by default.",
    )
    signing_secret_previous: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET_PREVIOUS",
        description="The root secret before, while it is replaced: its links stay good, and callbacks carry its "
        "signature, too.",
    )
