"""Settings of OpenAI and of the fallback."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, SecretStr

from sayso.settings.base import EnvironmentSettings


def usable_address(address: str) -> str:
    """An address that a client can connect to.

    Raises:
        ValueError: it names no host, or no port that can be; the message does not repeat it.
    """
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0 and address.isprintable()
    except ValueError:  # a port above 65535, or an IPv6 address that is none
        usable = False
    if not usable:
        raise ValueError("the host or the port is invalid")
    return address


def _seldom(seconds: float) -> float:
    """Refuse an interval at which a provider would be asked all the time."""
    if 0 < seconds < _LEAST_CHECK_SECONDS:
        raise ValueError(f"it must be 0, or at least {_LEAST_CHECK_SECONDS:g} seconds")
    return seconds


_LEAST_CHECK_SECONDS = 10.0


class OpenAISettings(EnvironmentSettings):
    """The connection to OpenAI, and the fallback to local engines."""

    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias="OPENAI_API_KEY", description="The key of OpenAI's API."
    )
    openai_base_url: Annotated[str, Field(pattern=r"^https?://\S+$"), AfterValidator(usable_address)] | None = Field(
        default=None,
        validation_alias="OPENAI_BASE_URL",
        description="Address of a service with OpenAI's protocol, instead of OpenAI.",
    )
    providers: str | None = Field(
        default=None,
        validation_alias="SAYSO_PROVIDERS",
        description="The cloud services to try, in order, before the local engines: a JSON list of names and objects, "
        "or the path of a file with one. By default OpenAI, with OPENAI_API_KEY and OPENAI_BASE_URL.",
    )
    openai_timeout_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_OPENAI_TIMEOUT_SECONDS",
        description="The time limit of one request to OpenAI, in seconds.",
    )
    openai_retries: NonNegativeInt = Field(
        default=3,
        validation_alias="SAYSO_OPENAI_RETRIES",
        description="How often a request to OpenAI is retried before the next engine is tried.",
    )
    openai_check_seconds: Annotated[NonNegativeFloat, AfterValidator(_seldom)] = Field(
        default=300.0,
        validation_alias="SAYSO_OPENAI_CHECK_SECONDS",
        description="How often the key and the service are checked for /health while no request does it, in seconds, "
        "by listing the models, which costs nothing. The list is read for shutdown dates, too, at the start and daily. "
        "0 for never.",
    )
    primary_service: Literal["openai", "local"] = Field(
        default="openai",
        validation_alias=AliasChoices("PRIMARY_SERVICE", "WHISPER_PRIMARY_SERVICE"),
        description="The first engine for OpenAI's model names: openai, or local, which never calls OpenAI.",
    )
    fallback_to_local: bool = Field(
        default=True,
        validation_alias=AliasChoices("FALLBACK_TO_LOCAL", "WHISPER_FALLBACK_TO_LOCAL"),
        description="Whether local engines take over when OpenAI fails.",
    )
