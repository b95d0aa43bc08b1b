"""What every process reads, and every process with workers."""

from __future__ import annotations

from pydantic import Field

from sayso.settings.jobs import DataSettings
from sayso.settings.observability import ObservabilitySettings
from sayso.settings.server import ServerSettings


class ProcessSettings(ObservabilitySettings, ServerSettings):
    """What a process reads whatever its roles are; the settings of every role derive from it."""


class WorkerSettings(DataSettings, ProcessSettings):
    """What a process with workers reads."""

    ecs_agent_uri: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="ECS_AGENT_URI",
        description="Where ECS's agent is asked not to stop a busy task; ECS sets it.",
    )
