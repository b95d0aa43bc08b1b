"""Subtitles that do not fit their recordings, before and after ``sayso retime``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.judging import error_row, written
from sayso.alignment import InMemory
from sayso.narration import retime
from sayso.scheduling import UNBOUNDED
from sayso.subtitles import parse_subtitles, render, style_named
from sayso.types import Cue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.alignment.judging import Times
    from bench.readings import Reading
    from sayso.alignment import Aligner

COLUMNS = ("subtitles", "times", "n", "not placed", "bias", "median", "mean", "p95", "≤ 20", "≤ 50", "≤ 100")

_WORDS_OF_A_CUE = 6
_SHUFFLE_MS = 1000.0
_FIRST_MS = 0.0


def _shuffled(starts: Times) -> Times:
    noise = np.random.default_rng(17).normal(0, _SHUFFLE_MS, starts.size)
    return np.maximum.accumulate(np.maximum(starts + noise, _FIRST_MS))


DISTORTIONS: Mapping[str, Callable[[Times], Times]] = {
    "moved by 2.3 s": lambda starts: starts + 2300,
    "25 played as 23.976 frames": lambda starts: starts * (25 / 23.976),
    "shuffled by noise of 1 s": _shuffled,
}
"""What is done to the cues' starts, in milliseconds."""


def retimed(readings: Sequence[Reading], aligner: Aligner) -> dict[str, tuple[Times, Times, int]]:
    """The errors of all cues' starts before and after, in milliseconds, and how many were not placed."""
    found: dict[str, tuple[Times, Times, int]] = {}
    for name, distort in DISTORTIONS.items():
        before, after, unplaced = [], [], 0
        for reading in readings:
            cues, truth = _cues(reading)
            wrong = np.rint(distort(truth))
            style = style_named("netflix")
            moved = [_moved(cue, start) for cue, start in zip(cues, wrong, strict=True)]
            content = render(moved, "srt", style=style)
            result = retime(
                content,
                InMemory(samples=reading.samples),
                aligner,
                language=reading.language,
                style=style,
                context=UNBOUNDED,
            )
            starts = np.array([cue.start_ms for cue in parse_subtitles(result.content)], np.float64)
            before.append(wrong - truth)
            after.append(starts - truth)
            unplaced += len(result.unplaced)
        found[name] = (np.concatenate(before), np.concatenate(after), unplaced)
    return found


def rows_of_retiming(found: dict[str, tuple[Times, Times, int]]) -> list[tuple[str, ...]]:
    """Before and after each distortion."""
    rows = []
    for name, (before, after, unplaced) in found.items():
        rows.append(error_row(name, "before", before))
        row = error_row(name, "after", after)
        rows.append((*row[:3], str(unplaced), *row[4:]))
    return rows


def _cues(reading: Reading) -> tuple[list[Cue], Times]:
    """Cues of a few words each, and their true starts in milliseconds."""
    spans = [span for span, _ in written(reading)]
    cues, starts = [], []
    for first in range(0, len(spans), _WORDS_OF_A_CUE):
        last = min(first + _WORDS_OF_A_CUE, len(spans)) - 1
        following = spans[last + 1].start if last + 1 < len(spans) else len(reading.text)
        text = " ".join(reading.text[spans[first].start : following].split())
        start, end = (1000 * reading.times[first, 0], 1000 * reading.times[last, 1])
        cues.append(Cue(start_ms=round(start), end_ms=max(round(end), round(start) + 1), lines=(text,)))
        starts.append(start)
    return cues, np.array(starts)


def _moved(cue: Cue, start_ms: float) -> Cue:
    return Cue(start_ms=round(start_ms), end_ms=round(start_ms) + cue.end_ms - cue.start_ms, lines=cue.lines)
