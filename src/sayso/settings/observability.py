"""Settings of logs and traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sayso.settings.base import EnvironmentSettings


class ObservabilitySettings(EnvironmentSettings):
    """Logs and traces."""

    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="The address to which OpenTelemetry traces are sent by OTLP over HTTP; needs the extra otel.",
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None,
        validation_alias="SAYSO_LOG_FORMAT",
        description="The format of log messages: console or json; by default console on a terminal, otherwise json.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)] = Field(
        default="info",
        validation_alias="LOG_LEVEL",
        description="The lowest level of log messages that are written.",
    )
