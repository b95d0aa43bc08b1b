"""Settings of the HTTP server of a process: address, access, limits and timeouts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Entries, Networks


class ServerSettings(EnvironmentSettings):
    """The address, the access rules, the limits and the timeouts of the server."""

    host: str | None = Field(
        default=None,
        validation_alias="HOST",
        description="Address to listen on: 0.0.0.0 by default, but 127.0.0.1 for an API without keys.",
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8000, validation_alias="PORT", description="Port to listen on; 0 for any free port."
    )
    api_keys: Entries = Field(
        default=(),
        validation_alias="SAYSO_API_KEYS",
        description="The API keys, as `sayso keys` prints them, separated by commas: name:scopes:hash.",
    )
    allow_anonymous: bool = Field(
        default=False,
        validation_alias="SAYSO_ALLOW_ANONYMOUS",
        description="Serve every client that can reach HOST, even if no API key is set.",
    )
    require_keys: bool = Field(
        default=False,
        validation_alias="SAYSO_REQUIRE_KEYS",
        description="Whether an API without keys does not start, instead of serving this machine only, and cards "
        "without keys refuse clients; for containers, where a loopback address serves no client.",
    )
    protect_operations: bool = Field(
        default=False,
        validation_alias="SAYSO_PROTECT_OPERATIONS",
        description="Whether /metrics, /backlog and /health require a key with the scope operations; /live, /ready "
        "and /healthz never do.",
    )
    hosts: Entries = Field(
        default=(),
        validation_alias="SAYSO_HOSTS",
        description="Host names that this server accepts besides localhost and that of PUBLIC_BASE_URL, separated by "
        "commas; by default any name, unless it listens on a loopback address.",
    )
    trusted_proxies: Networks = Field(
        default=(),
        validation_alias="SAYSO_TRUSTED_PROXIES",
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted, as addresses or networks "
        "separated by commas; none by default.",
    )
    rate_limit: str | None = Field(
        default=None,
        validation_alias="SAYSO_RATE_LIMIT",
        description="The rate limit of each key, as 600/minute; without keys, of each address. No limit by default.",
    )
    cors_origins: Entries = Field(
        default=(),
        validation_alias="SAYSO_CORS_ORIGINS",
        description="Origins whose pages may call the API, separated by commas; * for all.",
    )
    connections: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_CONNECTIONS",
        description="The largest number of connections; by default about half of the limit of open files. /live, "
        "/ready and /healthz are answered beyond it.",
    )
    head_seconds: PositiveFloat = Field(
        default=10.0,
        validation_alias="SAYSO_HEAD_SECONDS",
        description="The time limit for a client to send the request line and the headers, in seconds.",
    )
    stalled_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_STALLED_SECONDS",
        description="How long a client may read nothing of its response before it is disconnected, in seconds.",
    )
