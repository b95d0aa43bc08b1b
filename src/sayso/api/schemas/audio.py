"""The fields of requests for speech: those of OpenAI's audio API, and our few extensions.

An unknown field is refused, as OpenAI does, so that a typing error is not silently ignored. The fields that clients of
other servers send are in `sayso.api.schemas.client_fields`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from sayso.audio import StreamFormat, encoder_rates
from sayso.narration import MAXIMUM_NAME_CHARACTERS, LexiconText
from sayso.providers.openai.languages import language_tag
from sayso.subtitles import CueFormat, StyleName
from sayso.text import CitationReading, DirectiveReading, Lexicon
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

LEXICON_DESCRIPTION = "Pronunciations, as the text of a lexicon file: lines of `word = respelling` or `word = /IPA/`."
CITATIONS_DESCRIPTION = "Whether marks of notes and citations, such as [15], are read or left out."

MAXIMUM_INSTRUCTIONS_CHARACTERS = 4096
MAXIMUM_VOLUME = 100.0
LOWEST_SAMPLE_RATE_HZ, HIGHEST_SAMPLE_RATE_HZ = 8_000, 48_000


def _tag(language: Any) -> Any:
    """The tag of a language that was sent by its English name."""
    return language_tag(language) if isinstance(language, str) else language


def _tag_or_detected(language: Any) -> Any:
    """None for ``auto``, to have the language detected or to take that of the voice."""
    return None if isinstance(language, str) and language.strip().lower() == "auto" else language


LanguageTag: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=MAXIMUM_NAME_CHARACTERS),
    BeforeValidator(_tag),
]
"""A language: a BCP 47 tag, or an English name, which becomes one."""

OptionalLanguage: TypeAlias = Annotated[LanguageTag | None, BeforeValidator(_tag_or_detected)]
"""The same; None, which ``auto`` is too, for the one that is detected, or for the voice's."""


class Body(BaseModel):
    """A request's fields: strictly typed, without unknown ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FormBody(BaseModel):
    """The fields of a form, which all arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


VoiceText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAXIMUM_NAME_CHARACTERS)]


class VoiceName(Body):
    """A voice as an object, as OpenAI accepts custom voices."""

    id: VoiceText


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """How the audio of a speech response is delivered.

    Attributes:
        is_streamed: whether the response begins before it is complete.
        sample_rate_hz: of the audio; None for the engine's, or that of the format.
        volume: a factor of the samples.
    """

    is_streamed: bool = True
    sample_rate_hz: int | None = None
    volume: float = 1.0


class SpokenText(Body):
    """A text to synthesise, and how."""

    model: str = Field(description="A name of `GET /v1/models`.", examples=["kokoro"])
    input: str = Field(
        min_length=1,
        description="The text. OpenAI's model names accept 4096 characters at most.",
        examples=["Good evening. The lamp is lit."],
    )
    voice: Annotated[str, StringConstraints(max_length=MAXIMUM_NAME_CHARACTERS)] | VoiceName = Field(
        description="One of OpenAI's names, one of `GET /v1/audio/voices`, or a blend of those.", examples=["af_heart"]
    )
    response_format: StreamFormat = Field(
        default="mp3", description="pcm is 24 kHz, 16 bits, little-endian, mono, without a header."
    )
    speed: float = Field(default=1.0, ge=MINIMUM_SPEED, le=MAXIMUM_SPEED, description="1 is the voice's normal speed.")
    instructions: str | None = Field(
        default=None,
        max_length=MAXIMUM_INSTRUCTIONS_CHARACTERS,
        description="How to speak; local engines ignore it.",
    )
    stream_format: Literal["audio", "sse"] = Field(
        default="audio", description="Whether the response is bare audio, or server-sent events."
    )
    language: OptionalLanguage = Field(
        default=None,
        description="Extension: the language of the text, as en-us or fr-fr; the voice's language by default.",
    )

    directives: bool = Field(
        default=False,
        description="Extension: whether `[pause 0.5s]`, and `[voice:NAME]` at the beginning of a line, are carried out "
        "and not spoken. Other brackets are text.",
    )

    @property
    def directive_reading(self) -> DirectiveReading:
        """How the brackets of the text are read."""
        return "lenient" if self.directives else "off"

    @property
    def is_markdown(self) -> bool:
        """Whether the text is Markdown."""
        return False

    @property
    def pronunciations(self) -> Lexicon | None:
        """The author's pronunciations; None for none."""
        return None

    @property
    def citation_reading(self) -> CitationReading:
        """Whether the marks of notes and citations are spoken."""
        return "read"

    @property
    def delivery(self) -> Delivery:
        """How the audio is delivered."""
        return Delivery()

    @property
    def voice_name(self) -> str:
        """The voice, in either form."""
        return self.voice if isinstance(self.voice, str) else self.voice.id


class SpeechBody(SpokenText):
    """A text to synthesise, with the audio as the client wants it."""

    stream: bool = Field(
        default=True,
        description="Extension: whether the response begins before it is complete; otherwise it has a Content-Length, "
        "and a WAV its length.",
    )
    sample_rate: int | None = Field(
        default=None,
        ge=LOWEST_SAMPLE_RATE_HZ,
        le=HIGHEST_SAMPLE_RATE_HZ,
        description="Extension: samples per second; by default the voice's own rate, and 24 kHz for pcm.",
    )
    volume_multiplier: float = Field(
        default=1.0, ge=0.0, le=MAXIMUM_VOLUME, description="Extension: a factor of the samples; peaks are clipped."
    )

    @field_validator("stream")
    @classmethod
    def _is_one_kind_of_stream(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 -- as pydantic calls it
        if not value and info.data.get("stream_format") == "sse":
            raise ValueError("stream_format sse is a stream; leave stream out")
        return value

    @field_validator("sample_rate")
    @classmethod
    def _is_a_rate_of_the_format(cls, value: int | None, info: ValidationInfo) -> int | None:
        response_format = info.data.get("response_format")
        rates = encoder_rates(response_format) if response_format else ()
        if value is not None and rates and value not in rates:
            raise ValueError(f"{response_format} has {', '.join(map(str, rates))} samples per second")
        return value

    @property
    def delivery(self) -> Delivery:
        """How the audio is delivered."""
        return Delivery(is_streamed=self.stream, sample_rate_hz=self.sample_rate, volume=self.volume_multiplier)


class CaptionedSpeechBody(SpeechBody):
    """A text to synthesise with the times of its words, as Kokoro-FastAPI takes it."""

    model: str = Field(default="kokoro", description="A name of `GET /v1/models`.")
    voice: Annotated[str, StringConstraints(max_length=MAXIMUM_NAME_CHARACTERS)] | VoiceName = Field(
        default="af_heart", description="As for `/v1/audio/speech`."
    )
    stream_format: Literal["audio"] = Field(default="audio", description="Its objects are no events.")
    return_timestamps: bool = Field(default=True, description="Whether the response has the times of words.")


class CaptionsBody(SpokenText):
    """A text to synthesise, with subtitles and word times."""

    subtitles: list[CueFormat] = Field(default=["srt", "vtt"], description="The subtitle files to make.")
    style: StyleName = Field(default="netflix", description="The style of the subtitles.")
    keep_speed: bool = Field(
        default=True,
        description="Whether sentences whose subtitles are too fast to read keep their speed; otherwise they are "
        "slower, and the audio differs from that of `/v1/audio/speech`.",
    )
    directives: bool = Field(
        default=True,
        description="Whether `[pause 0.5s]`, and `[voice:NAME]` at the beginning of a line, are carried out and not "
        "spoken. An invalid one is an error.",
    )

    markdown: bool = Field(
        default=False, description="Whether the text is Markdown, whose marks are neither spoken nor in the subtitles."
    )
    lexicon: LexiconText | None = Field(default=None, description=LEXICON_DESCRIPTION)
    citations: CitationReading = Field(default="read", description=CITATIONS_DESCRIPTION)

    @property
    def pronunciations(self) -> Lexicon | None:
        """The author's pronunciations; None for none."""
        return self.lexicon

    @property
    def citation_reading(self) -> CitationReading:
        """Whether the marks of notes and citations are spoken."""
        return self.citations

    @property
    def directive_reading(self) -> DirectiveReading:
        """How the brackets of the text are read."""
        return "strict" if self.directives else "off"

    @property
    def is_markdown(self) -> bool:
        """Whether the text is Markdown."""
        return self.markdown
