"""Parses the list of providers, from JSON; presets fill in what is known of public services."""

from __future__ import annotations

import json
import re
from datetime import date  # noqa: TC003 -- pydantic reads the annotations
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from sayso.errors import InvalidInput
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS, MAXIMUM_UPLOAD_BYTES
from sayso.providers.provider import (
    LanguageField,
    ModelFacts,
    Offer,
    Provider,
    SpeechFacts,
    SpeechFormat,
    TranscriptionFacts,
    Transport,
)
from sayso.settings.openai import usable_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = r"^[a-z0-9][a-z0-9._-]{0,39}$"
_RESERVED = frozenset({"sayso", "hybrid", "local", "fallback", "kokoro", "piper"})
"""Names of engines of this machine, and those that responses have another meaning for."""

_PLACE = re.compile(r"\{([a-z]+)\}")
"""A part of a preset's address that the user has to name, such as the resource at Azure."""

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
"""A label of a host name, so that no value of a part names another host, which would get the key."""

_MOST_CHARACTERS = 2**20
_MOST_PROVIDERS = 32

_KEY = re.compile(r"(?i:g?sk_)|(?=.*[a-z])(?=.*[0-9]).{20}")
"""The beginning of what is more likely a key than the name of a variable, which other places show."""


def _single_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a control character is not allowed")
    return text


def _no_key(variable: str) -> str:
    if _KEY.match(variable):
        raise ValueError("this looks like a key; give the name of the environment variable that holds it")
    return variable


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_single_line)
]
Variable = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100), AfterValidator(_no_key)
]

Facts = TypeVar("Facts", bound=ModelFacts)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Model(_Strict):
    model: Text
    shutdown_date: date | None = None
    successor: Text | None = None


class _Speech(_Model):
    voices: tuple[Text, ...] = Field(min_length=1)
    voice_aliases: dict[Text, Text] = Field(default_factory=dict)
    maximum_characters: int = Field(default=MAXIMUM_SPEECH_CHARACTERS, ge=1)
    response_format: SpeechFormat = "pcm"
    sample_rate_hz: int = Field(default=24_000, ge=8_000, le=192_000)
    takes_instructions: bool = False
    takes_speed: bool = True
    transport: Transport = "http"

    def facts(self) -> SpeechFacts:
        """The model as a value."""
        return SpeechFacts(**dict(self))

    @field_validator("voice_aliases")
    @classmethod
    def _known(cls, aliases: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        unknown = sorted({voice for voice in aliases.values() if voice not in info.data.get("voices", ())})
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of its voices")
        return aliases


class _Transcription(_Model):
    maximum_bytes: int = Field(default=MAXIMUM_UPLOAD_BYTES, ge=1)
    maximum_seconds: float | None = Field(default=None, gt=0)
    gives_words: bool = False
    gives_segments: bool = False
    gives_speakers: bool = False
    streams: bool = False
    translates: bool = False
    language_field: LanguageField = "language"
    takes_keywords: bool = False
    takes_prompt: bool = True
    takes_vad: bool = False

    def facts(self) -> TranscriptionFacts:
        """The model as a value."""
        return TranscriptionFacts(**dict(self))


class _Entry(_Strict):
    """A provider in the list, or a preset."""

    name: Annotated[str, StringConstraints(pattern=_NAME)]
    label: Text
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s{}?#@]+$"), AfterValidator(usable_address)]
    key_variable: tuple[Variable, ...] = ()
    needs_key: bool = True
    speech: tuple[_Speech, ...] = ()
    transcription: tuple[_Transcription, ...] = ()

    @field_validator("key_variable", "speech", "transcription", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return value if isinstance(value, list | tuple) else [value]

    def provider(self) -> Provider:
        """The provider as a value."""
        return Provider(
            name=self.name,
            label=self.label,
            base_url=self.base_url.rstrip("/"),
            key_variables=self.key_variable,
            needs_key=self.needs_key and bool(self.key_variable),
            speech=Offer(tuple(each.facts() for each in self.speech)),
            transcription=Offer(tuple(each.facts() for each in self.transcription)),
        )


@cache
def presets() -> Mapping[str, Mapping[str, Any]]:
    """What is known of public services and of servers that people run, by name; see docs/reference/providers.md."""
    content = files("sayso.providers").joinpath("presets.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(content)
    return found


def preset(name: str) -> Provider:
    """The provider that a preset describes.

    Raises:
        InvalidInput: there is no such preset, or it leaves a part for the user to name.
    """
    return _entry(name, where=name).provider()


def parse_providers(text: str) -> tuple[Provider, ...]:
    """The providers of a list in JSON.

    Args:
        text: a list, with or without a byte order mark; each entry is the name of a preset, or an object. An object has
            a ``name``, and takes what it does not say from the preset of its ``preset`` or its name, if there is one.

    Raises:
        InvalidInput: it is no such list; the message names the entry and the field, and repeats no value.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidInput(f"The list of providers has more than {_MOST_CHARACTERS} characters.")
    try:
        entries = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(f"The list of providers is not JSON{place}.") from None
    if not isinstance(entries, list) or not entries or len(entries) > _MOST_PROVIDERS:
        raise InvalidInput(f"The list of providers must be a JSON list of 1 to {_MOST_PROVIDERS} entries.")
    found = [_entry(entry, where=f"entry {number}").provider() for number, entry in enumerate(entries, 1)]
    names = [provider.name for provider in found]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"The list of providers names {name!r} twice.", hint="Give each entry its own name.")
    return tuple(found)


def _entry(entry: Any, *, where: str) -> _Entry:
    given: dict[str, Any] = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(given, dict):
        raise InvalidInput(f"Providers: {where} must be the name of a preset or an object.")
    known = _of_preset(given, where)
    values = {**known, **{field: value for field, value in given.items() if field != "preset"}}
    values.setdefault("label", values.get("name"))
    values["base_url"] = _filled(values, where)
    values.pop("resource", None)
    try:
        found = _Entry(**values)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        words = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in problems)
        raise InvalidInput(f"Providers: {where} cannot be used: {words}.") from None
    except TypeError:
        raise InvalidInput(f"Providers: {where} has a field without a name.") from None
    _check(found, where)
    return found


def _of_preset(given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The fields of the preset that an entry is based on; none for a service of the user's own."""
    name = given.get("preset", given.get("name"))
    known = presets().get(name) if isinstance(name, str) else None
    if known is not None:
        return {field: value for field, value in known.items() if field != "sources"}
    if "preset" in given or "base_url" not in given:
        raise InvalidInput(
            f"Providers: {where} names no preset, and has no base_url.",
            hint=f"There are presets for: {', '.join(presets())}.",
        )
    return {}


def _filled(values: Mapping[str, Any], where: str) -> Any:
    """The address, with the parts that the user names."""
    address = values.get("base_url")
    if not isinstance(address, str):
        return address
    given = {part: values.get(part) for part in _PLACE.findall(address)}
    missing = [part for part, value in given.items() if not isinstance(value, str) or not _LABEL.fullmatch(value)]
    if missing:
        raise InvalidInput(f"Providers: {where} needs {' and '.join(missing)} of letters and digits, or a base_url.")
    return _PLACE.sub(lambda part: values[part[1]], address)


def _check(entry: _Entry, where: str) -> None:
    """Refuse what no single field shows.

    Raises:
        InvalidInput: the name is an engine's, no task has a model, a model is named twice, or one that succeeds
            another is that one itself or no model of the same task.
    """
    if entry.name in _RESERVED or entry.name.startswith("whisper-"):
        raise InvalidInput(f"Providers: {where} cannot have the name {entry.name!r}, which is an engine's.")
    if not entry.speech and not entry.transcription:
        raise InvalidInput(f"Providers: {where} has no model.", hint='Add "transcription": {"model": "…"}.')
    for models in (entry.speech, entry.transcription):
        names = [each.model for each in models]
        for each in models:
            if names.count(each.model) > 1:
                raise InvalidInput(f"Providers: {where} has the model {each.model!r} twice for one task.")
            if each.successor == each.model:
                raise InvalidInput(f"Providers: in {where}, the model {each.model!r} is its own successor.")
            if each.successor is not None and each.successor not in names:
                raise InvalidInput(
                    f"Providers: in {where}, {each.model!r} is succeeded by {each.successor!r}, which it lacks.",
                    hint=f"Describe it beside the others, or leave out the successor of {each.model!r}.",
                )
