"""The settings, and the only place that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import platformdirs
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_ONE_GIB = 2**30


def _in_user_cache(name: str) -> Path:
    return platformdirs.user_cache_path("sayso", appauthor=False) / name


def _absolute(path: Path) -> Path:
    """The path with ``~`` filled in, and independent of the current directory."""
    return path.expanduser().absolute()


Directory = Annotated[Path, AfterValidator(_absolute)]


def _parts(value: object) -> object:
    """The entries of a list that is written with commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Entries = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]


class Settings(BaseSettings):
    """What the environment says, checked; a variable that is empty counts as unset.

    Each field's alias is the variable's name, and its description is what documentation and ``sayso doctor`` show.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    models_base_path: Directory = Field(
        default_factory=lambda: _in_user_cache("models"),
        validation_alias="MODELS_BASE_PATH",
        description="Directory of the model files; in the user's cache directory by default.",
    )
    models_dir: Directory | None = Field(
        default=None,
        validation_alias="SAYSO_MODELS_DIR",
        description="Directory that `sayso models pull` looks into first, such as a mirror on a shared disk.",
    )
    models_s3: str | None = Field(
        default=None,
        pattern=r"^s3://[^/\s]+(/\S*)?$",
        validation_alias="SAYSO_MODELS_S3",
        description="S3 prefix (s3://bucket/prefix) that `sayso models pull` asks before any public source.",
    )
    offline: bool = Field(
        default=False,
        validation_alias="SAYSO_OFFLINE",
        description="Never use the network to get models.",
    )
    kokoro_voice: str = Field(
        default="af_heart",
        validation_alias="KOKORO_VOICE",
        description="The voice that speaks where none is named.",
    )
    cache_dir: Directory = Field(
        default_factory=lambda: _in_user_cache("speech"),
        validation_alias="SAYSO_CACHE_DIR",
        description="Directory of the speech cache; in the user's cache directory by default.",
    )
    cache_max_bytes: PositiveInt = Field(
        default=2 * _ONE_GIB,
        validation_alias="SAYSO_CACHE_MAX_BYTES",
        description="Size that the speech cache is kept below, in bytes.",
    )
    synthesis_workers: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_SYNTHESIS_WORKERS",
        description="How many utterances are synthesised at once; measured on this machine by default.",
    )
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
    places: PositiveInt = Field(
        default=64,
        validation_alias="SAYSO_PLACES",
        description="How many requests for speech or transcription are in hand at once; more are answered with 429.",
    )
    request_seconds: PositiveFloat = Field(
        default=600.0,
        validation_alias="SAYSO_REQUEST_SECONDS",
        description="How long a request may take until its answer begins, in seconds.",
    )
    max_upload_bytes: PositiveInt = Field(
        default=_ONE_GIB // 2,
        validation_alias="SAYSO_MAX_UPLOAD_BYTES",
        description="Size of the largest file that is taken, in bytes.",
    )
    max_audio_seconds: PositiveFloat = Field(
        default=4 * 3600.0,
        validation_alias="SAYSO_MAX_AUDIO_SECONDS",
        description="Length of the longest recording that is transcribed, in seconds.",
    )
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
    whisper_model: str = Field(
        default="base",
        validation_alias="SAYSO_WHISPER_MODEL",
        description="The local Whisper model that stands behind OpenAI's model names: base is whisper-base.",
    )
    idle_unload_seconds: NonNegativeInt = Field(
        default=0,
        validation_alias="SAYSO_IDLE_UNLOAD_SECONDS",
        description="After how many idle seconds a model leaves the memory; 0 for never.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias="OPENAI_API_KEY", description="The key of OpenAI's API."
    )
    openai_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="OPENAI_BASE_URL",
        description="Address of a service that speaks OpenAI's protocol, in place of OpenAI.",
    )
    openai_timeout_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_OPENAI_TIMEOUT_SECONDS",
        description="How long one request to OpenAI may take, in seconds.",
    )
    openai_retries: NonNegativeInt = Field(
        default=3,
        validation_alias="SAYSO_OPENAI_RETRIES",
        description="How often a request to OpenAI is repeated before another engine is asked.",
    )
    primary_service: Literal["openai", "local"] = Field(
        default="openai",
        validation_alias=AliasChoices("PRIMARY_SERVICE", "WHISPER_PRIMARY_SERVICE"),
        description="Who is asked first where OpenAI's model names are used: openai or local, which never asks OpenAI.",
    )
    fallback_to_local: bool = Field(
        default=True,
        validation_alias=AliasChoices("FALLBACK_TO_LOCAL", "WHISPER_FALLBACK_TO_LOCAL"),
        description="Whether local engines do what OpenAI fails to do.",
    )
    breaker_open_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_BREAKER_OPEN_SECONDS",
        description="How long an engine that keeps failing is left alone, in seconds.",
    )
    shutdown_seconds: PositiveFloat = Field(
        default=25.0,
        validation_alias="SAYSO_SHUTDOWN_SECONDS",
        description="How long requests in hand may take to finish when the process is told to stop, in seconds.",
    )
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
    aws_region: str | None = Field(default=None, validation_alias="AWS_REGION", description="Region of the S3 buckets.")
    aws_endpoint_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="AWS_ENDPOINT_URL",
        description="Address of an S3-compatible service in place of AWS.",
    )
    aws_access_key_id: str | None = Field(
        default=None, validation_alias="AWS_ACCESS_KEY_ID", description="Name of the AWS access key."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, validation_alias="AWS_SECRET_ACCESS_KEY", description="The AWS access key's secret."
    )


def variables(field: FieldInfo) -> tuple[str, ...]:
    """The environment variables that a field of `Settings` is read from, the preferred one first."""
    alias = field.validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (str(alias),)


def load_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        InvalidInput: a variable has a value that cannot be used; the message names it and does not repeat the value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise InvalidInput(
            f"The environment has settings that cannot be used: {'; '.join(problems)}.",
            hint="`sayso doctor` lists every setting with its meaning.",
        ) from None
