"""What every transcriber promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from sayso.scheduling import FREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.subtitles import Timing
    from sayso.types import Audio, Timeline

SAMPLE_RATE_HZ = 16_000
"""The rate of every transcript's timeline: the one speech recognition works at."""

Task: TypeAlias = Literal["transcribe", "translate"]
"""``translate`` writes English whatever is spoken."""

Progress: TypeAlias = "Callable[[float, float], None]"
"""Told how many seconds of audio are done, and how many there are; the first never falls or exceeds the second."""

Listener: TypeAlias = "Callable[[str], None]"
"""Told the text as it is heard, piece by piece: joined, the pieces are the transcript's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VadOptions:
    """How speech is told from silence.

    Attributes:
        threshold: how likely somebody must speak, 0 to 1; higher where there is noise.
        silence_seconds: a silence of this length is not listened to.
        padding_seconds: so much of it is, before and after speech; at most half of ``silence_seconds``.
    """

    threshold: float = 0.5
    silence_seconds: float = 2.0
    padding_seconds: float = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentDetails:
    """What an engine says of a segment besides its words; None for what it does not say.

    Attributes:
        tokens: the model's own numbers for the text.
        temperature: the one that the segment was sampled with.
        average_log_probability: of its tokens, natural logarithm.
        compression_ratio: how well the text can be compressed: a high one means repetition.
        no_speech_probability: how likely there is no speech in it, 0 to 1.
        speaker: who speaks, where the engine tells speakers apart.
    """

    tokens: tuple[int, ...] = ()
    temperature: float | None = None
    average_log_probability: float | None = None
    compression_ratio: float | None = None
    no_speech_probability: float | None = None
    speaker: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was heard.

    Attributes:
        text: all that was said, in one line; empty for silence.
        language: of the text, as an ISO 639-1 code such as "en".
        language_probability: how sure the engine is of it, 0 to 1; 1 when the caller named it.
        timeline: when each word and segment was said, at `SAMPLE_RATE_HZ`, with spans into ``text``; no words for
            silence. Words carry their punctuation and the breaks that it means.
        details: one for each segment of the timeline.
        timing: where the word times come from.
        chunks: of how many parts of the recording, heard apart, it was put together.
    """

    text: str
    language: str
    language_probability: float
    timeline: Timeline
    details: tuple[SegmentDetails, ...]
    timing: Timing = "exact"
    chunks: int = 1


class Transcriber(Protocol):
    """Sound in, words with times out.

    A transcriber may be used from many threads at once; it decides how many it serves at a time.
    """

    name: str
    """The engine's name, with its model's."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same sound could be transcribed otherwise: it covers the engine and its model."""
        ...

    def transcribe(
        self,
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,
        task: Task = "transcribe",
        temperature: float = 0.0,
        progress: Progress | None = None,
        listener: Listener | None = None,
        ticket: RequestContext = FREE,
        voice_activity: VadOptions | None = None,
    ) -> Transcript:
        """Write down what is said.

        Args:
            source: a file in any container that holds audio, or audio of any rate.
            language: what is spoken (BCP 47; the region is ignored); None to have it detected.
            prompt: words that may occur, or text in the style that is wanted.
            task: whether to translate.
            temperature: 0 for the likeliest words, with the engine's own way out where they repeat themselves; up to
                1 for more variation.
            progress: told how far it is, on a thread of the engine's choosing.
            listener: told the text as it is heard, in order, on a thread of the engine's choosing.
            ticket: when to compute, and whether it is still wanted.
            voice_activity: how speech is told from silence; None for the engine's own way.

        Raises:
            NotAudio: the source holds no audio.
            UnsupportedLanguage: the model does not know the language, or cannot translate.
            EngineFailed: the engine broke.
            EngineUnavailable: the engine cannot be used now.
            Cancelled, DeadlineExceeded: as the ticket says.
        """
        ...
