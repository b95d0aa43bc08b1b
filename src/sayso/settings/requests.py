"""What a request to the API may be, and how addresses in requests and jobs are fetched."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import ONE_GIB, Entries


class FetchSettings(EnvironmentSettings):
    """How addresses are fetched."""

    fetch_seconds: PositiveFloat = Field(
        default=60.0,
        validation_alias="SAYSO_FETCH_SECONDS",
        description="How long the download of an audio_url may take, in seconds.",
    )
    private_hosts: Entries = Field(
        default=(),
        validation_alias="SAYSO_PRIVATE_HOSTS",
        description="Hosts that URLs may name although their addresses are private, with commas.",
    )


class RequestSettings(EnvironmentSettings):
    """How much a request may be."""

    request_seconds: PositiveFloat = Field(
        default=600.0,
        validation_alias="SAYSO_REQUEST_SECONDS",
        description="How long a request may take until its answer begins, in seconds.",
    )
    max_upload_bytes: PositiveInt = Field(
        default=ONE_GIB // 2,
        validation_alias="SAYSO_MAX_UPLOAD_BYTES",
        description="Size of the largest file that is taken, in bytes.",
    )
    max_speech_seconds: PositiveFloat = Field(
        default=4 * 3600.0,
        validation_alias="SAYSO_MAX_SPEECH_SECONDS",
        description="Length of the longest audio that one request for speech or captions makes, in seconds.",
    )
