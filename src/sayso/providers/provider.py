"""Providers as data: services with OpenAI's protocol, their models, and what each model takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS, MAXIMUM_UPLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

OPENAI = "openai"
"""The name of OpenAI among the providers."""

OPENAI_ADDRESS = "https://api.openai.com/v1"

SpeechFormat: TypeAlias = Literal["pcm", "wav"]
"""What a provider is asked for: samples of 16 bits without a header, or with one that says their rate."""

Transport: TypeAlias = Literal["http", "realtime"]
"""How a model speaks: ``/audio/speech``, or a realtime connection."""

LanguageField: TypeAlias = Literal["language", "languages"]
"""The field that a model takes the language in; ``languages`` is a list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What is known of a provider's model.

    Attributes:
        model: the provider's name of it.
        shutdown_date: when the provider retires it, as far as was known when this was written; its list of models may
            say otherwise.
        successor: the model of the same provider that takes over; None if none does.
    """

    model: str
    shutdown_date: date | None = None
    successor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechFacts(ModelFacts):
    """A model that speaks.

    Attributes:
        voices: its voices.
        voice_aliases: its voices by other names, such as OpenAI's.
        maximum_characters: of one request.
        response_format: what it is asked for.
        sample_rate_hz: of ``pcm``.
        takes_instructions: how to speak, in words.
        takes_speed: whether it speaks faster or slower when it is asked to.
        transport: how it is asked.
    """

    voices: tuple[str, ...] = ()
    voice_aliases: Mapping[str, str] = field(default_factory=dict)
    maximum_characters: int = MAXIMUM_SPEECH_CHARACTERS
    response_format: SpeechFormat = "pcm"
    sample_rate_hz: int = 24_000
    takes_instructions: bool = False
    takes_speed: bool = True
    transport: Transport = "http"


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionFacts(ModelFacts):
    """A model that transcribes.

    Attributes:
        maximum_bytes: of one file.
        maximum_seconds: of one file; None for no limit that is known.
        gives_words: whether it gives the time of each word (``verbose_json``).
        gives_segments: whether it gives the times of segments (``verbose_json``).
        gives_speakers: whether it tells speakers apart (``diarized_json``).
        streams: whether it sends its text as server-sent events while it works.
        translates: whether it translates to English (``/audio/translations``).
        language_field: where it takes the language.
        takes_keywords: whether it takes a list of words that may occur.
        takes_prompt: whether it takes a text that guides it.
        takes_vad: whether it takes the parameters of voice activity detection.
    """

    maximum_bytes: int = MAXIMUM_UPLOAD_BYTES
    maximum_seconds: float | None = None
    gives_words: bool = False
    gives_segments: bool = False
    gives_speakers: bool = False
    streams: bool = False
    translates: bool = False
    language_field: LanguageField = "language"
    takes_keywords: bool = False
    takes_prompt: bool = True
    takes_vad: bool = False


Facts = TypeVar("Facts", bound=ModelFacts)


@dataclass(frozen=True, slots=True)
class Offer(Generic[Facts]):
    """The models of a provider for one task, its default first; it may have none."""

    models: tuple[Facts, ...] = ()

    def named(self, name: str) -> Facts | None:
        """The model of this name; None if the provider does not have it."""
        return next((each for each in self.models if each.model == name), None)

    def serving(self, name: str) -> Facts | None:
        """The model that serves requests for a name: the one of this name, or else the default; None without models."""
        return self.named(name) or (self.models[0] if self.models else None)

    def line(self, name: str) -> tuple[Facts, ...]:
        """The model that serves a name, and those that succeed it, in order; each once."""
        found: list[Facts] = []
        following = self.serving(name)
        while following is not None and following not in found:
            found.append(following)
            following = None if following.successor is None else self.named(following.successor)
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A service with OpenAI's protocol.

    Attributes:
        name: as logs, metrics and responses name it.
        label: as messages name it.
        base_url: the address, with the version, such as ``https://api.openai.com/v1``.
        key_variables: environment variables with its keys; each key is tried in this order, and fails on its own.
        needs_key: whether it refuses requests without a key.
        speech: its models that speak.
        transcription: its models that transcribe.
    """

    name: str
    label: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True
    speech: Offer[SpeechFacts] = field(default_factory=Offer)
    transcription: Offer[TranscriptionFacts] = field(default_factory=Offer)

    @property
    def models(self) -> frozenset[str]:
        """The names of all its models."""
        return frozenset(each.model for each in (*self.speech.models, *self.transcription.models))

    @property
    def shutdown_dates(self) -> dict[str, date]:
        """The known date of each model that has one."""
        models = (*self.speech.models, *self.transcription.models)
        return {each.model: each.shutdown_date for each in models if each.shutdown_date is not None}

    def successor_of(self, model: str) -> str | None:
        """The model that takes over from another; None if none does."""
        found = self.speech.named(model) or self.transcription.named(model)
        return None if found is None else found.successor
