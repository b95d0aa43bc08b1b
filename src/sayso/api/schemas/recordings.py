"""The fields of forms with a recording: those of OpenAI's audio API, and our few extensions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints

from sayso.api.schemas.audio import FormBody, LanguageTag, OptionalLanguage
from sayso.net import MAXIMUM_URL_CHARACTERS
from sayso.stt import Task, TranscriptionOptions, VadOptions
from sayso.stt.speech_ranges import RangeOptions
from sayso.subtitles import CueFormat, StyleName

MAXIMUM_WORDS_CHARACTERS = 16_384
"""The bound on hot words and keywords, of which a model reads a few hundred."""

MAXIMUM_DURATION_MS = 3_600_000

TranscriptFormat: TypeAlias = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json", "ttml"]
"""OpenAI's, and TTML as an extension."""

SUBTITLE_TYPES = {"srt": "text/plain", "vtt": "text/vtt", "ttml": "application/ttml+xml"}
"""The media type of an answer that is a subtitle file."""

Granularity: TypeAlias = Literal["word", "segment"]


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


HotWords: TypeAlias = Annotated[str, StringConstraints(max_length=MAXIMUM_WORDS_CHARACTERS)]


class TranslationForm(FormBody):
    """A recording to translate to English."""

    model: str = Field(description="A name of `GET /v1/models`.")
    prompt: str | None = Field(default=None, description="Words that may occur, or text in the desired style.")
    response_format: TranscriptFormat = Field(default="json")
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)

    language: OptionalLanguage = Field(
        default=None, description="The language of the speech, as en or fr; detected by default."
    )
    stream: bool = Field(default=False, description="Whether the text is streamed as server-sent events.")
    hotwords: HotWords | None = Field(default=None, description="Extension: words that may occur.")
    keywords: list[HotWords] = Field(default_factory=list, description="Words that may occur.")
    vad_filter: bool = Field(
        default=True,
        description="Extension: whether only what the detector takes for speech is transcribed.",
    )

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(
            language=self.language,
            task="translate",
            prompt=self.prompt,
            temperature=self.temperature,
            vad=self._vad,
            keywords=self._words,
        )

    @property
    def _words(self) -> tuple[str, ...]:
        """The words that may occur; hot words are separated by commas."""
        hot = (word.strip() for word in (self.hotwords or "").split(","))
        return tuple(word for word in (*hot, *self.keywords) if word)

    @property
    def _vad(self) -> VadOptions | None:
        """With a threshold of 0, everything is speech."""
        return None if self.vad_filter else VadOptions(threshold=0.0)


class TranscriptionForm(TranslationForm):
    """A recording to transcribe."""

    languages: list[LanguageTag] = Field(
        default_factory=list, description="The languages among which the spoken one is detected."
    )
    task: Task = Field(default="transcribe", description="Extension: translate for English text.")
    timestamp_granularities: list[Granularity] | None = Field(
        default=None, description="The times in verbose_json; segment by default."
    )
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
        only = self.languages[0] if len(set(self.languages)) == 1 else None
        return TranscriptionOptions(
            language=self.language or only,
            languages=tuple(self.languages) if self.language is None and only is None else (),
            task=self.task,
            prompt=self.prompt,
            temperature=self.temperature,
            vad=chunking.options if isinstance(chunking, ServerVad) else self._vad,
            keywords=self._words,
        )


class AlignmentForm(FormBody):
    """A recording, and the text that is read in it."""

    text: str = Field(min_length=1, description="The text, at most 512 KiB; a field or a file.")
    language: OptionalLanguage = Field(
        default="en-us", description="The language of the text, as en-us or fr-fr; auto for what the text shows."
    )
    response_format: Literal["json", "srt", "vtt", "ttml"] = Field(default="json")
    subtitles: list[CueFormat] = Field(
        default_factory=list, description="Subtitle files in the answer json, in the field `subtitles`."
    )
    style: StyleName = Field(default="netflix", description="The style of the subtitles.")
    markdown: bool = Field(default=False, description="Whether the text is Markdown, whose marks are not spoken.")


class TimestampsForm(FormBody):
    """A recording in which speech is to be found."""

    threshold: float = Field(default=0.75, ge=0.0, le=1.0, description="The probability at which speech begins.")
    neg_threshold: float | None = Field(
        default=None, ge=0.0, le=1.0, description="The probability below which it ends; 0.15 less by default."
    )
    min_speech_duration_ms: int = Field(default=0, ge=0, le=MAXIMUM_DURATION_MS)
    max_speech_duration_s: float | None = Field(
        default=None, gt=0.0, description="Longer speech is cut, in a silence if there is one; inf for any length."
    )
    min_silence_duration_ms: int = Field(default=1000, ge=0, le=MAXIMUM_DURATION_MS)
    speech_pad_ms: int = Field(default=0, ge=0, le=MAXIMUM_DURATION_MS)

    @property
    def options(self) -> RangeOptions:
        """The same in seconds."""
        longest = self.max_speech_duration_s
        return RangeOptions(
            threshold=self.threshold,
            end_threshold=self.neg_threshold,
            shortest_seconds=self.min_speech_duration_ms / 1000,
            longest_seconds=None if longest is None or longest > MAXIMUM_DURATION_MS else longest,
            silence_seconds=self.min_silence_duration_ms / 1000,
            padding_seconds=self.speech_pad_ms / 1000,
        )


class HybridTranscriptionForm(FormBody):
    """A recording to transcribe with the first engine that succeeds, with an optional report."""

    audio_url: str | None = Field(
        default=None, max_length=MAXIMUM_URL_CHARACTERS, description="The URL of the recording, instead of a file."
    )
    language: OptionalLanguage = Field(default=None, description="The language of the speech; detected by default.")
    prompt: str | None = Field(default=None)
    return_debug: bool = Field(default=False)

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed."""
        return TranscriptionOptions(language=self.language, prompt=self.prompt)


class HybridTranslationForm(FormBody):
    """A recording to transcribe and to translate."""

    target_language: LanguageTag = Field(description="The target language: en.")
    source_language: OptionalLanguage = Field(
        default=None, description="The language of the speech; detected by default."
    )

    @property
    def options(self) -> TranscriptionOptions:
        """How the recording is to be transcribed before it is translated."""
        return TranscriptionOptions(language=self.source_language)
