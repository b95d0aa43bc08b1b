"""Settings of cards: the application's tables, the engines' load, and where the MP3 files go."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AliasChoices, Field, NonNegativeInt, PositiveFloat, PositiveInt, PrivateAttr, SecretStr

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import Directory, SharesVariable

if TYPE_CHECKING:
    from collections.abc import Mapping

_VOICE_VARIABLE = re.compile(r"SAYSO_VOICE_([A-Z]{2,3}(?:_[A-Z0-9]{2,8})*)")


def _voices_by_variable() -> dict[str, str]:
    """The voices of the environment by language: ``SAYSO_VOICE_PT_BR`` is for ``pt-br``."""
    found = ((_VOICE_VARIABLE.fullmatch(name), value.strip()) for name, value in os.environ.items())
    return {match[1].lower().replace("_", "-"): value for match, value in found if match and value}


class CardSettings(EnvironmentSettings):
    """The role ``cards``: another application's jobs, spoken to MP3 files."""

    cards_database_url: Annotated[SecretStr | None, SharesVariable()] = Field(
        default=None,
        validation_alias=AliasChoices("SAYSO_CARDS_DATABASE_URL", "DATABASE_URL"),
        description='The application\'s database, with its tables "TtsJob" and "Card", as Prisma has it.',
    )
    poll_interval_ms: PositiveInt = Field(
        default=5000,
        validation_alias="POLL_INTERVAL_MS",
        description="How often the application's table is looked at, in milliseconds; with `sayso cards install` "
        "the database says at once that there is a job.",
    )
    cards_jobs_at_once: PositiveInt = Field(
        default=4,
        validation_alias="SAYSO_CARDS_JOBS_AT_ONCE",
        description="How many cards jobs a process works on at once, besides one place for small jobs.",
    )
    cards_phrases_at_once: PositiveInt = Field(
        default=32,
        validation_alias="SAYSO_CARDS_PHRASES_AT_ONCE",
        description="How many phrases a process speaks at once, over all jobs.",
    )
    cards_stuck_seconds: PositiveFloat = Field(
        default=600.0,
        validation_alias="SAYSO_CARDS_STUCK_SECONDS",
        description="After how long without progress a job that another worker marked as processing is taken over, in "
        "seconds.",
    )
    cards_complete: Literal["any", "all"] = Field(
        default="any",
        validation_alias="SAYSO_CARDS_COMPLETE",
        description="When a job with failed phrases is completed: if any phrase succeeded, or only if all did.",
    )
    openai_min_interval_ms: NonNegativeInt = Field(
        default=500,
        validation_alias="SAYSO_OPENAI_MIN_INTERVAL_MS",
        description="The shortest time between two requests for speech with one API key, over all workers of cards, in "
        "milliseconds; 0 for no limit.",
    )
    daily_character_limit: NonNegativeInt = Field(
        default=0,
        validation_alias="SAYSO_DAILY_CHARACTER_LIMIT",
        description="How many characters may be sent to a paid engine in a day (UTC); then the local engine speaks. 0 "
        "for no limit.",
    )
    character_price: PositiveFloat = Field(
        default=0.000015,
        validation_alias="SAYSO_CHARACTER_PRICE",
        description="The price of a character that is sent to a paid engine, for `sayso cards report`.",
    )
    cards_model: str = Field(
        default="gpt-4o-mini-tts",
        validation_alias="SAYSO_CARDS_MODEL",
        description="The provider's model for cards.",
    )
    voice_en: str | None = Field(
        default=None,
        validation_alias="SAYSO_VOICE_EN",
        description="The voices for English, in order; each engine takes the first that it has. By default alloy and "
        "af_heart. Any further language has a setting of the same form: SAYSO_VOICE_ES.",
    )
    voice_fr: str | None = Field(
        default=None,
        validation_alias="SAYSO_VOICE_FR",
        description="The voices for French, as for English; by default verse and ff_siwis.",
    )
    storage_type: Literal["local", "s3"] = Field(
        default="local",
        validation_alias="STORAGE_TYPE",
        description="Where the MP3 files go: a directory, or S3.",
    )
    local_storage_path: Directory = Field(
        default="/app/storage/tts",
        validate_default=True,
        validation_alias="LOCAL_STORAGE_PATH",
        description="The directory of the MP3 files, which a web server can read.",
    )
    cards_bucket: str | None = Field(
        default=None,
        pattern=r"^[^/\s]+$|^arn:\S+$",
        validation_alias="AWS_S3_BUCKET",
        description="The S3 bucket of the MP3 files: its name, or an access point's.",
    )
    cards_public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias=AliasChoices("SAYSO_CARDS_PUBLIC_BASE_URL", "PUBLIC_BASE_URL"),
        description="The public address of the MP3 files: their URLs are this and their names.",
    )
    cards_user_id: str | None = Field(
        default=None,
        validation_alias="SAYSO_CARDS_USER_ID",
        description='The "userId" of jobs that come over HTTP, where the application\'s table requires one.',
    )
    _voices: dict[str, str] = PrivateAttr(default_factory=_voices_by_variable)

    @property
    def voices(self) -> Mapping[str, str]:
        """The voices that are set, by language (``en``, ``pt-br``); each is a list in order, separated by commas."""
        own = {"en": self.voice_en, "fr": self.voice_fr}
        return self._voices | {language: voice for language, voice in own.items() if voice is not None}
