"""Settings of narrations: their length, their storage, and their links."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import LongSecret


class NarrationSettings(EnvironmentSettings):
    """The limits, the storage and the links of narrations."""

    max_narration_seconds: PositiveFloat = Field(
        default=100 * 3600.0,
        validation_alias="SAYSO_MAX_NARRATION_SECONDS",
        description="The longest audio of one narration or story, in seconds.",
    )
    output_bucket: str | None = Field(
        default=None,
        validation_alias="OUTPUT_BUCKET",
        description="The S3 bucket for narrations; without it they are stored in a directory under SAYSO_DATA.",
    )
    public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="PUBLIC_BASE_URL",
        description="The public address of this service, for links; by default the address of the request.",
    )
    link_seconds: PositiveInt = Field(
        default=24 * 3600,
        validation_alias="SAYSO_LINK_SECONDS",
        description="How long a link to a finished file is valid, in seconds.",
    )
    signing_secret: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET",
        description="The root secret, at least 32 characters; never share it. The keys of links and callbacks are "
        "derived from it. By default it is generated and stored under SAYSO_DATA.",
    )
    signing_secret_previous: LongSecret | None = Field(
        default=None,
        validation_alias="SAYSO_SIGNING_SECRET_PREVIOUS",
        description="The previous root secret, during a rotation: its links stay valid, and callbacks carry its "
        "signature, too.",
    )
