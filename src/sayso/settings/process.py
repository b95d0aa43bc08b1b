"""Settings of every process, and of processes with workers."""

from __future__ import annotations

from pydantic import Field, PositiveFloat

from sayso.settings.data import DataSettings
from sayso.settings.observability import ObservabilitySettings
from sayso.settings.server import ServerSettings


class ProcessSettings(ObservabilitySettings, ServerSettings):
    """The settings of a process with any role; the settings of every role derive from it."""

    shutdown_seconds: PositiveFloat = Field(
        default=25.0,
        validation_alias="SAYSO_SHUTDOWN_SECONDS",
        description="The time limit for running requests and jobs when the process is stopped, in seconds.",
    )


class WorkerSettings(DataSettings, ProcessSettings):
    """The settings of a process with workers."""

    ecs_agent_uri: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="ECS_AGENT_URI",
        description="Address of ECS's agent, which is asked not to stop a busy task; ECS sets it.",
    )
