"""Transcriber: the Protocol of every speech-to-text engine, its options, and the transcript that it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.scheduling import RequestContext
    from sayso.stt.recording import Recording
    from sayso.stt.vad_options import VadOptions
    from sayso.subtitles import Timing
    from sayso.types import Timeline

Task: TypeAlias = Literal["transcribe", "translate"]
"""``translate`` gives English text, whatever language is spoken."""

Progress: TypeAlias = "Callable[[float, float], None]"
"""Called with the seconds of audio that are done, and with all of them; the first never falls or exceeds the second."""

Listener: TypeAlias = "Callable[[str], None]"
"""Called with each piece of text as soon as it is final: joined, the pieces are the transcript's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionOptions:
    """How a recording is to be transcribed, by whichever engine does it.

    Attributes:
        language: what is spoken (BCP 47; the region is ignored); None to have it detected.
        task: whether to translate into English.
        prompt: words that may occur, or text in the style that is wanted.
        temperature: 0 for the likeliest words, with the engine's own remedy for repetitions; up to 1 for more
            variation.
        vad: voice activity detection; None for the engine's own.
        keywords: words that may occur, such as names; a hint, so that none need be in the text.
        languages: the languages that may be spoken, where there may be several; it excludes ``language``. An engine
            that takes one language takes it if it is the only one, and otherwise detects it, among them if it can.
    """

    language: str | None = None
    task: Task = "transcribe"
    prompt: str | None = None
    temperature: float = 0.0
    vad: VadOptions | None = None
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


DEFAULT_OPTIONS = TranscriptionOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentDetails:
    """An engine's figures for a segment; None for those that it does not give.

    Attributes:
        tokens: the model's token numbers of the text.
        temperature: the temperature at which the segment was sampled.
        average_log_probability: the mean over the tokens, natural logarithm.
        compression_ratio: how far the text can be compressed: a high ratio means repetition.
        no_speech_probability: the probability that the segment holds no speech, 0 to 1.
        speaker: the speaker's label, from engines that tell speakers apart.
    """

    tokens: tuple[int, ...] = ()
    temperature: float | None = None
    average_log_probability: float | None = None
    compression_ratio: float | None = None
    no_speech_probability: float | None = None
    speaker: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """The text of a recording, with the time of each word.

    Attributes:
        text: the whole text, in one line; empty for silence.
        language: of the text, as an ISO 639-1 code such as "en"; "und" where it is not known.
        language_probability: 0 to 1; 1 when the caller named the language.
        timeline: the times of words and segments, at `SAMPLE_RATE_HZ`, with spans into ``text``; no words for silence.
            Words carry their punctuation and the breaks that it means.
        details: one for each segment of the timeline.
        timing: where the word times come from: ``estimated`` by the engine, or its text's share of the time, which is
            ``naive``.
        chunks: the number of parts of the recording that were transcribed separately.
        model: the model that made it, with its version, where the engine's name does not say it; otherwise empty.
        fingerprint: of the engine, where its model may be replaced while it serves; otherwise empty.
        languages: every language that the engine found, as codes, where it may find several; None if it finds one.
    """

    text: str
    language: str
    language_probability: float
    timeline: Timeline
    details: tuple[SegmentDetails, ...]
    timing: Timing = "estimated"
    chunks: int = 1
    model: str = ""
    fingerprint: str = ""
    languages: tuple[str, ...] | None = None


class Transcriber(Protocol):
    """A recording in, words with times out.

    A transcriber may be used from many threads at once; it decides how many it serves at a time.
    """

    name: str
    """The engine's name, with its model's."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same recording could get another transcript: it covers the engine and its model."""
        ...

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,
        *,
        listener: Listener | None = None,
        progress: Progress | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> Transcript:
        """The transcript of a recording.

        Args:
            recording: opened by the caller; it may be given to another engine afterwards.
            options: how to transcribe it.
            listener: called with the text as it becomes final, in order, on a thread of the engine's choosing.
            progress: called on a thread of the engine's choosing.
            context: the request's: its compute permits, its deadline and its cancellation.

        Raises:
            UnsupportedLanguage: the model does not know the language, or cannot translate.
            EngineFailed: the engine broke.
            EngineUnavailable: the engine cannot be used now.
            Cancelled, DeadlineExceeded: as the context says.
        """
        ...
