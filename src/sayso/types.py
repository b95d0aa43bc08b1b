"""The values that pass between rooms: frozen, keyword-only, with units in the names.

Two conventions hold everywhere. Positions in a text are half-open offsets in Unicode code points, into the
author's text as it was given. Positions in audio are integer samples on the timeline that they belong to. Seconds
and milliseconds are computed from samples only at the edge, so ten hours drift by nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A half-open range of characters in the source text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of ``text`` in this range."""
        return text[self.start : self.end]


class Boundary(IntEnum):
    """How strong the break after a word is; a larger value means a stronger break."""

    NONE = 0
    CLAUSE = 1
    SENTENCE = 2
    PARAGRAPH = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One spoken word and the source text that it stands for.

    Attributes:
        spoken: the word as it is said ("three"); never empty, holds no white space. Several tokens may share one
            span: "£3.50" is said as "three", "pounds", "fifty".
        span: where the written word stands in the source, without the punctuation around it.
        lead: what is written directly before the word and shown with it: opening quotes and brackets.
        trail: what is written after it and shown with it: commas, full stops, closing quotes, a spaced dash. Where
            tokens share a span, ``lead`` is on the first and ``trail`` on the last.
        joined: True when no white space separates it from the word before ("and/or", Chinese characters).
        boundary: the break after it, as the engine should pause and a subtitle may end.
        ipa: the pronunciation in IPA where a lexicon or the sentence gives one, else None.
        shown: what a reader sees of the written word, where that is not the source at ``span``: markup, entities and
            line breaks may stand within a word.
    """

    spoken: str
    span: Span
    lead: str = ""
    trail: str = ""
    joined: bool = False
    boundary: Boundary = Boundary.NONE
    ipa: str | None = None
    shown: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """One unit of synthesis: at least one token, in one language (a BCP 47 tag such as "en-us")."""

    tokens: tuple[Token, ...]
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptLine:
    """One utterance of a script, with its voice, the pause after it and its place in the document.

    Attributes:
        utterance: what is spoken.
        voice: the voice that speaks it.
        pause_after_seconds: the silence before the first sound of the next line.
        chapter_title: the title of the chapter that begins with this line, else None.
    """

    utterance: Utterance
    voice: str
    pause_after_seconds: float
    chapter_title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A document as it is to be spoken: its source text, its main language, and its lines in order.

    ``lead_in_seconds`` is the silence before the first line.
    """

    text: str
    language: str
    lines: tuple[ScriptLine, ...]
    lead_in_seconds: float = 0.0

    @property
    def silence_seconds(self) -> float:
        """The silence that is known before synthesis: before the first line, and after each line."""
        return self.lead_in_seconds + math.fsum(line.pause_after_seconds for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Audio:
    """Mono audio: float32 samples of shape (n,), nominally within ±1, and their rate."""

    samples: FloatArray
    sample_rate_hz: int

    @property
    def duration_seconds(self) -> float:
        """The length in seconds."""
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenTime:
    """When one token of an utterance sounds, in samples from the start of the utterance's audio."""

    start_sample: int
    end_sample: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Speech:
    """The result of one synthesis.

    Attributes:
        audio: the sound.
        times: one entry per token of the utterance, ordered and within the audio; None when the engine gives no times.
        is_aligned: whether the times are those of an aligner, not of the engine.
        is_substitute: whether another engine than the one that was asked spoke it; the speech cache does not keep it.
    """

    audio: Audio
    times: tuple[TokenTime, ...] | None
    is_aligned: bool = False
    is_substitute: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice that an engine offers: its name, its language (BCP 47) and the engine's name."""

    name: str
    language: str
    engine: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A written word on a timeline; ``text`` is what is shown of the source at ``span``, the rest is as in `Token`."""

    text: str
    span: Span
    start_sample: int
    end_sample: int
    lead: str = ""
    trail: str = ""
    joined: bool = False
    boundary: Boundary = Boundary.NONE

    @property
    def shown(self) -> str:
        """The word with the punctuation that belongs to it, as a subtitle shows it."""
        return f"{self.lead}{self.text}{self.trail}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A part of the timeline that was synthesised as one utterance, and its place in the source."""

    span: Span
    start_sample: int
    end_sample: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """A titled part of the timeline."""

    title: str
    start_sample: int
    end_sample: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """What is spoken and when: the single source of subtitles, chapters and word times.

    ``words``, ``segments`` and ``chapters`` are ordered, do not overlap within their kind, and end by
    ``duration_samples``, which is the exact length of the audio.
    """

    sample_rate_hz: int
    duration_samples: int
    words: tuple[Word, ...]
    segments: tuple[Segment, ...]
    chapters: tuple[Chapter, ...] = ()

    def seconds(self, sample: int) -> float:
        """A position of this timeline in seconds."""
        return sample / self.sample_rate_hz


@dataclass(frozen=True, kw_only=True, slots=True)
class CueWord:
    """A word of a cue: what is shown, when it is spoken, whether white space precedes it, and on which line."""

    text: str
    start_ms: int
    end_ms: int
    joined: bool = False
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """One subtitle: the lines shown between two times, in integer milliseconds.

    ``words`` carries the word times for karaoke; it is empty where only lines are known (a file that was read).
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    words: tuple[CueWord, ...] = ()
