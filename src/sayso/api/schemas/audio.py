"""The fields of requests: those of OpenAI's audio API, and our few extensions.

An unknown field is refused, as OpenAI does, so that a typing error is not silently ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from sayso.audio import StreamFormat
from sayso.narration import MAXIMUM_NAME_CHARACTERS
from sayso.net import MAXIMUM_URL_CHARACTERS
from sayso.stt import TranscriptionOptions, VadOptions
from sayso.subtitles import CueFormat, StyleName
from sayso.text import DirectiveReading
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

MAXIMUM_INSTRUCTIONS_CHARACTERS = 4096

TranscriptFormat: TypeAlias = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
Granularity: TypeAlias = Literal["word", "segment"]
LanguageTag: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=MAXIMUM_NAME_CHARACTERS)
]


class Body(BaseModel):
    """A request's fields: strictly typed, without unknown ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


VoiceText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAXIMUM_NAME_CHARACTERS)]


class VoiceName(Body):
    """A voice as an object, as OpenAI accepts custom voices."""

    id: VoiceText


class SpeechBody(Body):
    """A text to synthesise."""

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
    language: LanguageTag | None = Field(
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
    def voice_name(self) -> str:
        """The voice, in either form."""
        return self.voice if isinstance(self.voice, str) else self.voice.id


class CaptionsBody(SpeechBody):
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

    @property
    def directive_reading(self) -> DirectiveReading:
        """How the brackets of the text are read."""
        return "strict" if self.directives else "off"

    @property
    def is_markdown(self) -> bool:
        """Whether the text is Markdown."""
        return self.markdown


class FormBody(BaseModel):
    """The fields of a form, which all arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerVad(FormBody):
    """Parameters of voice activity detection."""

    type: Literal["server_vad"]
    threshold: float = Field(default=VadOptions().threshold, ge=0.0, le=1.0)
    silence_duration_ms: int = Field(default=200, ge=0, le=10_000)
    prefix_padding_ms: int = Field(default=300, ge=0, le=10_000)

    @property
    def options(self) -> VadOptions:
        """The same in seconds."""
        return VadOptions(
            threshold=self.threshold,
            silence_seconds=self.silence_duration_ms / 1000,
            padding_seconds=self.prefix_padding_ms / 1000,
        )


def _chunking(value: Any) -> Any:
    """``auto``, or an object encoded as JSON."""
    from pydantic_core import from_json

    if not isinstance(value, str) or value == "auto":
        return value
    try:
        return from_json(value)
    except ValueError:
        raise ValueError('use auto, or an object such as {"type": "server_vad"}') from None


class TranslationForm(FormBody):
    """A recording to translate to English."""

    model: str = Field(description="A name of `GET /v1/models`.")
    prompt: str | None = Field(default=None, description="Words that may occur, or text in the desired style.")
    response_format: TranscriptFormat = Field(default="json")
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(task="translate", prompt=self.prompt, temperature=self.temperature)


class TranscriptionForm(TranslationForm):
    """A recording to transcribe."""

    language: LanguageTag | None = Field(
        default=None, description="The language of the speech, as en or fr; detected by default."
    )
    timestamp_granularities: list[Granularity] | None = Field(
        default=None, description="The times in verbose_json; segment by default."
    )
    stream: bool = Field(default=False, description="Whether the text is streamed as server-sent events.")
    subtitles: list[CueFormat] = Field(
        default_factory=list,
        description="Extension: subtitle files of the same transcript, in the answers json and verbose_json and in the "
        "last event of a stream.",
    )
    progress: bool = Field(
        default=False,
        description="Extension: whether a stream also says how far it is, in events `transcript.progress`.",
    )
    chunking_strategy: Annotated[Literal["auto"] | ServerVad | None, BeforeValidator(_chunking)] = Field(default=None)
    include: list[Literal["logprobs"]] = Field(
        default_factory=list,
        description="Only for engines that return token probabilities; no local engine does.",
    )

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        chunking = self.chunking_strategy
        return TranscriptionOptions(
            language=self.language,
            prompt=self.prompt,
            temperature=self.temperature,
            vad=chunking.options if isinstance(chunking, ServerVad) else None,
        )


class AlignmentForm(FormBody):
    """A recording, and the text that is read in it."""

    text: str = Field(min_length=1, description="The text, at most 512 KiB; a field or a file.")
    language: LanguageTag = Field(default="en-us", description="The language of the text, as en-us or fr-fr.")
    response_format: Literal["json", "srt", "vtt"] = Field(default="json")
    subtitles: list[CueFormat] = Field(
        default_factory=list, description="Subtitle files in the answer json, in the field `subtitles`."
    )
    style: StyleName = Field(default="netflix", description="The style of the subtitles.")
    markdown: bool = Field(default=False, description="Whether the text is Markdown, whose marks are not spoken.")


class HybridTranscriptionForm(FormBody):
    """A recording to transcribe with the first engine that succeeds, with an optional report."""

    audio_url: str | None = Field(
        default=None, max_length=MAXIMUM_URL_CHARACTERS, description="The URL of the recording, instead of a file."
    )
    language: LanguageTag | None = Field(default=None, description="The language of the speech; detected by default.")
    prompt: str | None = Field(default=None)
    return_debug: bool = Field(default=False)

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(language=self.language, prompt=self.prompt)


class HybridTranslationForm(FormBody):
    """A recording to transcribe and to translate."""

    target_language: LanguageTag = Field(description="The target language: en.")
    source_language: LanguageTag | None = Field(
        default=None, description="The language of the speech; detected by default."
    )

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed before it is translated."""
        return TranscriptionOptions(language=self.source_language)
