"""The HTTP server of a process: where it listens, whom it answers, how long it waits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Entries, Networks


class ServerSettings(EnvironmentSettings):
    """See the module."""

    host: str | None = Field(
        default=None,
        validation_alias="HOST",
        description="Address to listen on: 0.0.0.0 by default, but 127.0.0.1 for an API without keys.",
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8000, validation_alias="PORT", description="Port to listen on; 0 for any that is free."
    )
    api_keys: Entries = Field(
        default=(),
        validation_alias="SAYSO_API_KEYS",
        description="Who may use the API, as `sayso keys` prints it, with commas: name:scopes:hash.",
    )
    allow_anonymous: bool = Field(
        default=False,
        validation_alias="SAYSO_ALLOW_ANONYMOUS",
        description="Serve everybody who can reach HOST, although no API key is set.",
    )
    protect_operations: bool = Field(
        default=False,
        validation_alias="SAYSO_PROTECT_OPERATIONS",
        description="Whether /metrics, /backlog and /health ask for a key with the scope operations; /live, /ready "
        "and /healthz never do.",
    )
    hosts: Entries = Field(
        default=(),
        validation_alias="SAYSO_HOSTS",
        description="Names by which this server may be called besides localhost and PUBLIC_BASE_URL's, with commas; "
        "without it, any name unless it listens on this machine alone.",
    )
    trusted_proxies: Networks = Field(
        default=(),
        validation_alias="SAYSO_TRUSTED_PROXIES",
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as addresses or networks with "
        "commas; nobody's by default.",
    )
    rate_limit: str | None = Field(
        default=None,
        validation_alias="SAYSO_RATE_LIMIT",
        description="How often each key may ask, as 600/minute; without keys, each address. No limit by default.",
    )
    cors_origins: Entries = Field(
        default=(),
        validation_alias="SAYSO_CORS_ORIGINS",
        description="Origins whose pages may call the API, with commas; * for all.",
    )
    connections: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_CONNECTIONS",
        description="How many connections there are at once; by default about half of the files that may be open. "
        "/live, /ready and /healthz are answered besides.",
    )
    head_seconds: PositiveFloat = Field(
        default=10.0,
        validation_alias="SAYSO_HEAD_SECONDS",
        description="How long a client may take over the request line and the headers, in seconds.",
    )
    stalled_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_STALLED_SECONDS",
        description="How long a client may take nothing of its answer before it is cut off, in seconds.",
    )
    shutdown_seconds: PositiveFloat = Field(
        default=25.0,
        validation_alias="SAYSO_SHUTDOWN_SECONDS",
        description="How long requests in hand may take to finish when the process is told to stop, in seconds.",
    )
