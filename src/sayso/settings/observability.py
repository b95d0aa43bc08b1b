"""Logs and traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sayso.settings.base import EnvironmentSettings


class ObservabilitySettings(EnvironmentSettings):
    """See the module."""

    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where OpenTelemetry traces are sent by OTLP over HTTP; needs the extra otel.",
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None,
        validation_alias="SAYSO_LOG_FORMAT",
        description="How log messages are written: console or json; by default console at a terminal, else json.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)] = Field(
        default="info",
        validation_alias="LOG_LEVEL",
        description="The least severe log messages that are written.",
    )
