"""What requests may say: the fields of OpenAI's audio API, and our few extensions.

A field that nobody knows is refused, as OpenAI does: a typing error must not be a wish that is silently ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from sayso.audio import StreamFormat
from sayso.narration import MAXIMUM_NAME_CHARACTERS
from sayso.net import MAXIMUM_URL_CHARACTERS
from sayso.stt import TranscriptionOptions, VadOptions
from sayso.subtitles import CueFormat, StyleName
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

MAXIMUM_INSTRUCTIONS_CHARACTERS = 4096

TranscriptFormat: TypeAlias = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
Granularity: TypeAlias = Literal["word", "segment"]
LanguageTag: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=MAXIMUM_NAME_CHARACTERS)
]


class Body(BaseModel):
    """A request's fields: of exactly their types, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


VoiceText: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAXIMUM_NAME_CHARACTERS)]


class VoiceName(Body):
    """A voice as an object, as OpenAI takes voices of one's own."""

    id: VoiceText


class SpeechBody(Body):
    """A text to speak."""

    model: str = Field(description="A name of `GET /v1/models`.", examples=["kokoro"])
    input: str = Field(
        min_length=1,
        description="The text. OpenAI's model names take 4096 characters at most.",
        examples=["Good evening. The lamp is lit."],
    )
    voice: Annotated[str, StringConstraints(max_length=MAXIMUM_NAME_CHARACTERS)] | VoiceName = Field(
        description="One of OpenAI's names, one of `GET /v1/audio/voices`, or a blend of those.", examples=["af_heart"]
    )
    response_format: StreamFormat = Field(
        default="mp3", description="pcm is 24 kHz, 16 bits, little-endian, mono, without a header."
    )
    speed: float = Field(default=1.0, ge=MINIMUM_SPEED, le=MAXIMUM_SPEED, description="1 is the voice's own pace.")
    instructions: str | None = Field(
        default=None,
        max_length=MAXIMUM_INSTRUCTIONS_CHARACTERS,
        description="How to speak; local engines cannot be told so and leave it aside.",
    )
    stream_format: Literal["audio", "sse"] = Field(
        default="audio", description="Whether the sound comes as it is, or in server-sent events."
    )
    language: LanguageTag | None = Field(
        default=None, description="Extension: how to pronounce the text, as en-us or fr-fr; the voice's own by default."
    )

    @property
    def voice_name(self) -> str:
        """The voice, in whichever form it was named."""
        return self.voice if isinstance(self.voice, str) else self.voice.id


class CaptionsBody(SpeechBody):
    """A text to speak, with the subtitles and the time of every word."""

    subtitles: list[CueFormat] = Field(default=["srt", "vtt"], description="Which subtitle files come with it.")
    style: StyleName = Field(default="netflix", description="The rules that the subtitles keep.")
    keep_speed: bool = Field(
        default=True,
        description="Whether sentences whose subtitles are too fast to read keep their speed; else they are spoken "
        "slower, and the sound is no longer that of `/v1/audio/speech`.",
    )


class FormBody(BaseModel):
    """The fields of a form, which are all text to begin with."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerVad(FormBody):
    """How speech is told from silence."""

    type: Literal["server_vad"]
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)
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
    """``auto``, or an object written as JSON."""
    from pydantic_core import from_json

    if not isinstance(value, str) or value == "auto":
        return value
    try:
        return from_json(value)
    except ValueError:
        raise ValueError('use auto, or an object such as {"type": "server_vad"}') from None


class TranslationForm(FormBody):
    """A recording to write down in English."""

    model: str = Field(description="A name of `GET /v1/models`.")
    prompt: str | None = Field(default=None, description="Words that may occur, or text in the style that is wanted.")
    response_format: TranscriptFormat = Field(default="json")
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(task="translate", prompt=self.prompt, temperature=self.temperature)


class TranscriptionForm(TranslationForm):
    """A recording to write down."""

    language: LanguageTag | None = Field(default=None, description="What is spoken, as en or fr; detected by default.")
    timestamp_granularities: list[Granularity] | None = Field(
        default=None, description="Which times verbose_json has; segment by default."
    )
    stream: bool = Field(default=False, description="Whether the text comes in server-sent events as it is heard.")
    chunking_strategy: Annotated[Literal["auto"] | ServerVad | None, BeforeValidator(_chunking)] = Field(default=None)
    include: list[Literal["logprobs"]] = Field(
        default_factory=list,
        description="Only of engines that can say how likely each token is; none that is local can.",
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


class HybridTranscriptionForm(FormBody):
    """A recording to write down by whichever engine can, and the story of how it was done."""

    audio_url: str | None = Field(
        default=None, max_length=MAXIMUM_URL_CHARACTERS, description="Where the recording is, in place of a file."
    )
    language: LanguageTag | None = Field(default=None, description="What is spoken; detected by default.")
    prompt: str | None = Field(default=None)
    return_debug: bool = Field(default=False)

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(language=self.language, prompt=self.prompt)


class HybridTranslationForm(FormBody):
    """A recording to write down as it was said and in another language."""

    target_language: LanguageTag = Field(description="What it is translated to: en.")
    source_language: LanguageTag | None = Field(default=None, description="What is spoken; detected by default.")

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed before it is translated."""
        return TranscriptionOptions(language=self.source_language)
