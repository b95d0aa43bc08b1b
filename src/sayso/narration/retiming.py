"""Subtitles whose cues are moved to where their words are heard in a recording."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

from sayso.alignment import SAMPLE_RATE_HZ, tokens_of
from sayso.errors import NothingToSay
from sayso.subtitles import CueTime, end_ms, read_subtitles, reading_columns, reading_ms, with_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.alignment import AlignableRecording, AlignedWord, Aligner, Progress
    from sayso.scheduling import RequestContext
    from sayso.subtitles import Remark, Style
    from sayso.types import Cue, Span, Token

# What subtitles show and no voice says: sounds, music, and who speaks.
_NOT_SPOKEN = re.compile(r"\[[^\]\n]*\]|\([^)\n]*\)|[♪♫#]+|^\s*[-–—]?\s*[A-ZÀ-Þ][A-ZÀ-Þ0-9 .'’-]{1,30}:", re.MULTILINE)

_MS_PER_SAMPLE = 1000 / SAMPLE_RATE_HZ
_MISSING_WORD_MS = 300
_SHORTEST_MS = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class UnplacedCue:
    """A cue of which no word was heard: its number from 1, the time that it got from its neighbours, and its text."""

    number: int
    start_ms: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RetimedSubtitles:
    """Subtitles with other times.

    Attributes:
        content: the file.
        cues: how many it has.
        unplaced: those of which no word was heard; they have moved with their neighbours.
        median_shift_ms: how far the others' starts were moved; 0 if there are none.
        largest_shift_ms: the largest distance.
        remarks: what in the file is not as its format has it; what was left out there is not moved either.
    """

    content: str
    cues: int
    unplaced: tuple[UnplacedCue, ...]
    median_shift_ms: int
    largest_shift_ms: int
    remarks: tuple[Remark, ...]


def retime(
    subtitles: str,
    recording: AlignableRecording,
    aligner: Aligner,
    *,
    language: str,
    style: Style,
    progress: Progress = lambda _done, _total: None,
    context: RequestContext,
) -> RetimedSubtitles:
    """Move the cues of a file to where their words are heard.

    A cue starts with its first word. It ends as the style wants: with its last word, or later to be read, and before
    the next cue. Its text, tags and settings are unchanged.

    Args:
        subtitles: an SRT or VTT file, with any times.
        recording: where the words are heard.
        aligner: finds them.
        language: of the subtitles (BCP 47).
        style: of the ends of cues.
        progress: as `Aligner.align` calls it.
        context: of the request.

    Raises:
        NotSubtitles: the file cannot be parsed.
        NothingToSay: no cue holds a word that can be spoken.
        SaysoError: as `Aligner.align`.
    """
    file = read_subtitles(subtitles)
    cues = [found.cue for found in file.cues]
    if not cues:
        raise NothingToSay("The subtitles have no cue.")
    texts = [_spoken_text(cue) for cue in cues]
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    text = "\n".join(texts)
    tokens = tokens_of(text, language)
    aligned = aligner.align_tokens(recording, tokens, language, progress=progress, context=context)
    spoken = _spoken(tokens, aligned.words, starts)
    times = _times(cues, spoken, style, round(recording.duration_samples * _MS_PER_SAMPLE))
    shifts = [times[number].start_ms - cues[number].start_ms for number in spoken]
    return RetimedSubtitles(
        content=with_times(subtitles, times),
        cues=len(cues),
        unplaced=tuple(
            UnplacedCue(number=number + 1, start_ms=times[number].start_ms, text=" ".join(cue.lines))
            for number, cue in enumerate(cues)
            if number not in spoken
        ),
        median_shift_ms=round(median(shifts)) if shifts else 0,
        largest_shift_ms=max(map(abs, shifts), default=0),
        remarks=file.remarks,
    )


def _spoken_text(cue: Cue) -> str:
    """The lines of a cue, with spaces in place of what is not spoken."""
    return _NOT_SPOKEN.sub(lambda match: " " * len(match[0]), "\n".join(cue.lines))


def _spoken(tokens: Sequence[Token], words: Sequence[AlignedWord], starts: Sequence[int]) -> Mapping[int, CueTime]:
    """When each cue is spoken, of those of which a word was heard; words that were not heard count as 300 ms each."""
    expected: dict[int, dict[Span, None]] = {}
    for token in tokens:
        expected.setdefault(bisect_right(starts, token.span.start) - 1, {})[token.span] = None
    found = {word.span: word for word in words}
    times: dict[int, CueTime] = {}
    clock = 0
    for number, spans in expected.items():
        heard = [index for index, span in enumerate(spans) if span in found]
        if not heard:
            continue
        ordered = list(spans)
        first, last = found[ordered[heard[0]]], found[ordered[heard[-1]]]
        start = round(first.start_sample * _MS_PER_SAMPLE) - heard[0] * _MISSING_WORD_MS
        end = round(last.end_sample * _MS_PER_SAMPLE) + (len(ordered) - 1 - heard[-1]) * _MISSING_WORD_MS
        start = max(start, min(clock, round(first.start_sample * _MS_PER_SAMPLE)))
        times[number] = CueTime(start_ms=start, end_ms=max(end, start + _SHORTEST_MS))
        clock = times[number].end_ms
    return times


def _times(cues: Sequence[Cue], spoken: Mapping[int, CueTime], style: Style, duration_ms: int) -> list[CueTime]:
    """The time of each cue: those that were not heard move with their neighbours."""
    starts = _starts(cues, spoken)
    times = []
    for number, cue in enumerate(cues):
        following = cues[number + 1] if number + 1 < len(cues) else None
        overlaps = following is not None and following.start_ms < cue.end_ms
        latest = duration_ms + style.min_gap_ms
        if following is not None and not overlaps:
            latest = min(latest, max(starts[number + 1], starts[number] + _SHORTEST_MS))
        needed = max(style.min_duration_ms, reading_ms(reading_columns(cue.lines), style))
        until = spoken[number].end_ms if number in spoken else starts[number] + cue.end_ms - cue.start_ms
        end = end_ms(starts[number], latest, needed, until, style)
        times.append(CueTime(start_ms=starts[number], end_ms=max(end, starts[number] + _SHORTEST_MS)))
    return times


def _starts(cues: Sequence[Cue], spoken: Mapping[int, CueTime]) -> list[int]:
    """When each cue starts; one that was not heard is moved as far as those around it, in proportion."""
    known = sorted(spoken)
    starts = []
    for number, cue in enumerate(cues):
        if number in spoken:
            starts.append(spoken[number].start_ms)
            continue
        at = bisect_right(known, number)
        before, after = known[at - 1 : at] or known[:1], known[at : at + 1] or known[-1:]
        if not known:
            starts.append(cue.start_ms)
            continue
        first, last = before[0], after[0]
        shift = spoken[first].start_ms - cues[first].start_ms
        length = cues[last].start_ms - cues[first].start_ms
        if length > 0:
            other = spoken[last].start_ms - cues[last].start_ms
            share = min(max((cue.start_ms - cues[first].start_ms) / length, 0.0), 1.0)
            shift = round(shift + (other - shift) * share)
        starts.append(max(0, cue.start_ms + shift))
    return starts
