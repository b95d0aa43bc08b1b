"""Limits of requests to the API, and of downloads of URLs in requests and jobs."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import ONE_GIB, Entries


class FetchSettings(EnvironmentSettings):
    """The limits of downloads."""

    fetch_seconds: PositiveFloat = Field(
        default=60.0,
        validation_alias="SAYSO_FETCH_SECONDS",
        description="The time limit of the download of an audio_url, in seconds.",
    )
    private_hosts: Entries = Field(
        default=(),
        validation_alias="SAYSO_PRIVATE_HOSTS",
        description="Hosts with private addresses that URLs may name, separated by commas.",
    )


class RequestSettings(EnvironmentSettings):
    """The limits of a request."""

    request_seconds: PositiveFloat = Field(
        default=600.0,
        validation_alias="SAYSO_REQUEST_SECONDS",
        description="The time limit until the response to a request begins, in seconds.",
    )
    max_upload_bytes: PositiveInt = Field(
        default=ONE_GIB // 2,
        validation_alias="SAYSO_MAX_UPLOAD_BYTES",
        description="Size of the largest file that is accepted, in bytes.",
    )
    max_speech_seconds: PositiveFloat = Field(
        default=4 * 3600.0,
        validation_alias="SAYSO_MAX_SPEECH_SECONDS",
        description="The longest audio of one request for speech or captions, in seconds.",
    )
