"""From an engine's words to a transcript: punctuation, breaks, and times in order within the audio."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.base import SegmentDetails, Transcript
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.word_times import WordTime, fitted
from sayso.stt.written_words import continues_word, is_spaceless
from sayso.types import Boundary, Segment, Span, Timeline, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

_SENTENCE_ENDS = frozenset(".!?…。！？؟।॥։።")  # of the scripts that Whisper writes
_CLAUSE_ENDS = frozenset(",;:—–、，；：،؛")
_PART_OF_WORD = frozenset("%&#@*§†‰°/\\_")  # punctuation by Unicode that is read aloud, or part of a name


class EngineWord(NamedTuple):
    """A word of an engine, with the white space before it and its punctuation; times in seconds."""

    text: str
    start_seconds: float
    end_seconds: float


class EngineSegment(NamedTuple):
    """The words of one segment of an engine."""

    words: tuple[EngineWord, ...]
    details: SegmentDetails = SegmentDetails()


class _Parts(NamedTuple):
    lead: str
    core: str
    trail: str


def transcript_of(
    segments: Sequence[EngineSegment], *, language: str, language_probability: float, duration_samples: int
) -> Transcript:
    """The transcript of an engine's segments.

    Times are ordered, within the audio and long enough to be said; see `sayso.stt.word_times.fitted`.
    Each written word is one word, however the engine splits it; see `sayso.stt.written_words`. Punctuation that stands
    alone joins the word before it, or the first word.

    Args:
        segments: in order.
        language: ISO 639-1.
        language_probability: 0 to 1.
        duration_samples: the length of the audio at `SAMPLE_RATE_HZ`.
    """
    builder = TranscriptBuilder(duration_samples)
    for segment in segments:
        builder.add(segment)
    return builder.build(language=language, language_probability=language_probability)


class TranscriptBuilder:
    """A transcript to which segments are added in order, by one thread at a time.

    Args:
        duration_samples: the length of the audio at `SAMPLE_RATE_HZ`.
    """

    def __init__(self, duration_samples: int) -> None:
        self.text = ""
        self.words: list[Word] = []
        self.details: list[SegmentDetails] = []
        self._parts: list[tuple[int, int, Span]] = []
        self._duration_samples = duration_samples
        self._pending_lead = ""

    def add(self, segment: EngineSegment) -> str:
        """Add a segment, and return the text that it adds, with the white space before it where it follows another."""
        first, begun = len(self.words), len(self.text)
        for number, word in enumerate(segment.words):
            self._add_word(word, begins_segment=number == 0)
        words = self.words[first:]
        if words:
            span = Span(start=words[0].span.start - len(words[0].lead), end=len(self.text))
            self._parts.append((first, len(self.words), span))
            self.details.append(segment.details)
        return self.text[begun:]

    def build(self, *, language: str, language_probability: float) -> Transcript:
        """The transcript of the segments so far; see `transcript_of`."""
        times = fitted(
            [WordTime(word.start_sample, word.end_sample) for word in self.words],
            [len(word.text) for word in self.words],
            self._duration_samples,
        )
        return Transcript(
            text=self.text,
            language=language,
            language_probability=language_probability,
            timeline=Timeline(
                sample_rate_hz=SAMPLE_RATE_HZ,
                duration_samples=self._duration_samples,
                words=tuple(
                    replace(word, start_sample=time.start, end_sample=time.end)
                    for word, time in zip(self.words, times, strict=True)
                ),
                segments=tuple(
                    Segment(span=span, start_sample=times[first].start, end_sample=times[end - 1].end)
                    for first, end, span in self._parts
                ),
            ),
            details=tuple(self.details),
        )

    def _add_word(self, word: EngineWord, *, begins_segment: bool) -> None:
        shown = " ".join(word.text.split())
        if not shown:
            return
        # Where the script has spaces, a segment begins with one, even if the engine forgot it.
        spaced = word.text[:1].isspace() or (begins_segment and not is_spaceless(shown))
        parts = _split_punctuation(shown)
        if not parts.core:
            self._add_punctuation(shown, spaced=spaced)
            return
        if not spaced and not begins_segment:
            self._release_lead()
            if not self._pending_lead and continues_word(self.text, shown):
                self._continue_word(shown, word)
                return
        lead, self._pending_lead = self._pending_lead + parts.lead, ""
        joined = not spaced and bool(self.words) and not self.text[-1:].isspace()
        if spaced and self.words:
            self.text += " "
        start = len(self.text) + len(lead)
        self.text += lead + parts.core + parts.trail
        self.words.append(
            Word(
                text=parts.core,
                span=Span(start=start, end=start + len(parts.core)),
                start_sample=_sample(word.start_seconds),
                end_sample=_sample(word.end_seconds),
                lead=lead,
                trail=parts.trail,
                joined=joined,
                boundary=_boundary(parts.trail),
            )
        )

    def _continue_word(self, shown: str, word: EngineWord) -> None:
        """Add a piece that the engine split off the last word: its punctuation is inside the word now."""
        last = self.words.pop()
        self.text += shown
        rest = _split_punctuation(self.text[last.span.start :])
        end = last.span.start + len(rest.core)
        self.words.append(
            replace(
                last,
                text=self.text[last.span.start : end],
                span=Span(start=last.span.start, end=end),
                end_sample=max(last.end_sample, _sample(word.end_seconds)),
                trail=rest.trail,
                boundary=_boundary(rest.trail),
            )
        )

    def _release_lead(self) -> None:
        """Take punctuation after a space from the last word: the next piece follows it without one, so it leads it."""
        if not self.words or self._pending_lead:
            return
        last = self.words[-1]
        kept, space, lead = last.trail.rpartition(" ")
        if not space:
            return
        self.text = self.text[: len(self.text) - len(lead)]
        self._pending_lead = lead
        self.words[-1] = replace(last, trail=kept, boundary=_boundary(kept))

    def _add_punctuation(self, shown: str, *, spaced: bool) -> None:
        if not self.words:
            self._pending_lead += shown
            return
        last = self.words[-1]
        added = f" {shown}" if spaced else shown
        self.text += added
        trail = last.trail + added
        self.words[-1] = replace(last, trail=trail, boundary=_boundary(trail))


def _sample(seconds: float) -> int:
    """The sample at a time; the first for what is no number."""
    return round(seconds * SAMPLE_RATE_HZ) if math.isfinite(seconds) else 0


def _split_punctuation(shown: str) -> _Parts:
    """A word without the punctuation around it; an inner apostrophe, decimal point or hyphen stays."""
    start, end = 0, len(shown)
    while start < end and _is_punctuation(shown[start]):
        start += 1
    while end > start and _is_punctuation(shown[end - 1]):
        end -= 1
    return _Parts(shown[:start], shown[start:end], shown[end:])


def _is_punctuation(character: str) -> bool:
    return character not in _PART_OF_WORD and (character.isspace() or unicodedata.category(character).startswith("P"))


def _boundary(trail: str) -> Boundary:
    """The break that punctuation means: the strongest of its marks, so that a closing quote does not hide one."""
    if not _SENTENCE_ENDS.isdisjoint(trail):
        return Boundary.SENTENCE
    if not _CLAUSE_ENDS.isdisjoint(trail):
        return Boundary.CLAUSE
    return Boundary.NONE
