"""The settings, and the only place that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sayso.errors import InvalidInput

_ONE_GIB = 2**30


def _in_user_cache(name: str) -> Path:
    return platformdirs.user_cache_path("sayso", appauthor=False) / name


def _absolute(path: Path) -> Path:
    """The path with ``~`` filled in, and independent of the current directory."""
    return path.expanduser().absolute()


Directory = Annotated[Path, AfterValidator(_absolute)]


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
