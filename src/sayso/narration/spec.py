"""The options of a narration: each is defined once, with its type, its bounds, its default and its description.

The HTTP body, the messages of queues and the command line are each parsed once, into a `NarrationSpec`, which travels
unchanged to `sayso.narration.narrate`. HTTP and messages derive their fields from here (`offered_options`), so a new
option is a field of the spec, the place in this room that applies it, and an option of the command line.

This module is without ``from __future__ import annotations``: the annotations are data.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

from pydantic import Field, Strict, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sayso.audio import AudioFormat
from sayso.audio.loudness_targets import LOUDEST_LUFS, NARRATION_LUFS, QUIETEST_LUFS
from sayso.errors import InvalidInput
from sayso.narration.files import SubtitleFormat
from sayso.subtitles import StyleName
from sayso.text import CitationReading, EmojiReading, Lexicon, load_lexicon
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_NAME_CHARACTERS = 512
"""The longest name, language, or voice, which may be a blend of several."""

MAXIMUM_LEXICON_CHARACTERS = 60_000
"""The longest lexicon of a request or a message: about two thousand words."""

MAXIMUM_ENTRY_WORDS = 40
"""The longest entry of such a lexicon, in words, digits and signs: each word of a text is compared with as many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """Marks an option that ``/v1/narrations`` and its messages have; only the command line has the others.

    Attributes:
        since: the version of the spec that first had it. A new option gets `VERSION` + 1: only messages that use it
            carry that version, and workers that do not know it refuse them.
        in_stories: whether the messages of other systems, with tasks or files, may have it too.
    """

    since: int = 1
    in_stories: bool = False


_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAXIMUM_NAME_CHARACTERS)]
_Audio: TypeAlias = Annotated[
    AudioFormat, Strict(strict=False), WithJsonSchema({"enum": [str(each) for each in AudioFormat], "type": "string"})
]


def _read_lexicon(value: Any) -> Lexicon:
    """A lexicon, or the text of one within the bounds of a request."""
    if isinstance(value, Lexicon):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    if len(value) > MAXIMUM_LEXICON_CHARACTERS:
        most = {"most": MAXIMUM_LEXICON_CHARACTERS}
        raise PydanticCustomError("string_too_long", "a lexicon has at most {most} characters", most)
    if "\0" in value:
        raise PydanticCustomError("invalid_lexicon", "a lexicon holds no NUL characters")
    try:
        lexicon = load_lexicon(value)
    except InvalidInput as error:
        raise PydanticCustomError("invalid_lexicon", "{problem}", {"problem": error.for_callers()}) from None
    if lexicon.most_words > MAXIMUM_ENTRY_WORDS:
        most = {"most": MAXIMUM_ENTRY_WORDS}
        raise PydanticCustomError("invalid_lexicon", "an entry of a lexicon has at most {most} words and signs", most)
    return lexicon


class _AsText:
    """Marks a lexicon that is a text in JSON."""

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        """See pydantic; the fields of a `Lexicon` are not looked at."""
        text = core_schema.plain_serializer_function_ser_schema(
            lambda lexicon: lexicon.source, return_schema=core_schema.str_schema()
        )
        return core_schema.no_info_plain_validator_function(_read_lexicon, serialization=text)


LexiconText: TypeAlias = Annotated[
    Lexicon, _AsText(), WithJsonSchema({"type": "string", "maxLength": MAXIMUM_LEXICON_CHARACTERS})
]
"""A lexicon; in JSON, its text in the format of `sayso.text.lexicon`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationSpec:
    """The validated options of a narration.

    Raises:
        InvalidInput: an option has another type or is out of its bounds.
    """

    name: Annotated[
        _Name | None,
        Field(description="The name of the files; by default from the file, the URL or the first words."),
        Offered(),
    ] = None
    """Also the title in the files' metadata; by default that of the first chapter, or else the document's name."""

    voice: Annotated[
        _Name | None,
        Field(description="One of `GET /v1/audio/voices`, or a blend; by default that of the server."),
        Offered(in_stories=True),
    ] = None
    speed: Annotated[
        float,
        Field(ge=MINIMUM_SPEED, le=MAXIMUM_SPEED, description="1 is the voice's normal speed."),
        Offered(in_stories=True),
    ] = 1.0
    audio: Annotated[
        tuple[_Audio, ...],
        Field(description="Audio formats: a list, or a comma-separated string; none for no audio."),
        Offered(),
    ] = (AudioFormat.MP3,)
    subtitles: Annotated[
        tuple[SubtitleFormat, ...], Field(description="Subtitle formats, in the same notation."), Offered()
    ] = ("srt", "vtt", "json")
    style: Annotated[StyleName, Field(description="The style of the subtitles."), Offered()] = "netflix"
    language: Annotated[
        _Name | None,
        Field(description="The language of the text, as en-us or fr-fr; the voice's language by default."),
        Offered(),
    ] = None
    markdown: Annotated[
        bool | None,
        Field(
            description="Whether the text is Markdown; by default what a file's or URL's suffix says, and not for "
            "`text`."
        ),
        Offered(),
    ] = None
    loudness_lufs: Annotated[
        float | None,
        Field(
            ge=QUIETEST_LUFS,
            le=LOUDEST_LUFS,
            description="Integrated loudness (EBU R128); None leaves it unchanged.",
        ),
    ] = NARRATION_LUFS
    lexicon: Annotated[
        LexiconText | None,
        Field(
            description="Pronunciations, as the text of a lexicon file: lines of `word = respelling` or `word = /IPA/`."
        ),
        Offered(since=2),
    ] = None
    emoji: Annotated[EmojiReading, Field(description="Whether emoji are read by their names or left out.")] = "drop"
    citations: Annotated[
        CitationReading,
        Field(description="Whether marks of notes and citations, such as [15], are read or left out."),
        Offered(since=2),
    ] = "read"
    keep_speed: Annotated[
        bool, Field(description="Whether sentences whose subtitles are too fast to read keep their speed.")
    ] = False
    timing: Annotated[
        Literal["exact", "naive"],
        Field(description="naive gives each word a share of its sentence's length, even if the engine has word times."),
    ] = "exact"

    def __post_init__(self) -> None:
        for name, kind in _types().items():
            try:
                value = kind.validate_python(getattr(self, name))
            except ValidationError as error:
                problem = error.errors(include_url=False, include_input=False)[0]["msg"]
                raise InvalidInput(f"The narration's {name.replace('_', ' ')} cannot be used: {problem}.") from None
            object.__setattr__(self, name, value)

    @property
    def formats(self) -> tuple[AudioFormat | SubtitleFormat, ...]:
        """The format of every file, audio first."""
        return (*self.audio, *self.subtitles)

    @property
    def version(self) -> int:
        """The lowest version of the spec whose readers understand this one."""
        return max(_offers()[name].since for name in self._content())

    def content(self) -> dict[str, Any]:
        """The offered options as JSON values: all of the first version, and those of later versions that are used.

        So the fingerprint of a request stays the same when an option is added.
        """
        return {name: _types()[name].dump_python(value, mode="json") for name, value in self._content().items()}

    def message(self) -> dict[str, Any]:
        """The content without options that are None by default and are not set."""
        content = self.content().items()
        return {name: value for name, value in content if value is not None or getattr(_defaults(), name) is not None}

    def shown(self) -> dict[str, Any]:
        """The options that a narration's row and the narration object have, as JSON values."""
        return {name: _types()[name].dump_python(getattr(self, name), mode="json") for name in SHOWN}

    def _content(self) -> "Mapping[str, Any]":
        values = {name: getattr(self, name) for name in _offers()}
        return {
            name: value
            for name, value in values.items()
            if _offers()[name].since == 1 or value != getattr(_defaults(), name)
        }


SHOWN = ("name", "voice", "speed", "language", "style", "audio", "subtitles", "lexicon")
"""The options that a narration's row and the narration object have, in the object's order; each is a column.

The object has a lexicon only where there is one.
"""


def offered_options(*, in_stories: bool = False) -> dict[str, tuple[Any, Any]]:
    """The options that requests and messages may have, as pydantic's ``create_model`` takes fields: type and default.

    Args:
        in_stories: only those that the messages of other systems may have.
    """
    annotations = NarrationSpec.__annotations__
    return {
        name: (annotations[name], getattr(_defaults(), name))
        for name, offer in _offers().items()
        if offer.in_stories or not in_stories
    }


def takes_none(name: str) -> bool:
    """Whether an option may be None; null for any other means the default."""
    return type(None) in get_args(get_args(NarrationSpec.__annotations__[name])[0])


@cache
def _types() -> "Mapping[str, TypeAdapter[Any]]":
    return {name: TypeAdapter(annotation) for name, annotation in NarrationSpec.__annotations__.items()}


@cache
def _offers() -> "Mapping[str, Offered]":
    marks = {
        name: [mark for mark in get_args(annotation) if isinstance(mark, Offered)]
        for name, annotation in NarrationSpec.__annotations__.items()
    }
    return {name: mark[0] for name, mark in marks.items() if mark}


@cache
def _defaults() -> NarrationSpec:
    return NarrationSpec()


VERSION = max(offer.since for offer in _offers().values())
"""The version that this release reads and writes; messages without a version are of the first."""
