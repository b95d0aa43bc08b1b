"""Long recordings in parts: where to cut them, and how to join the transcripts of the parts.

A cut in a silence loses nothing. Where there is none, the parts overlap, and the join finds the words that both
transcripts have.
"""

from __future__ import annotations

import math
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sayso.stt.base import SAMPLE_RATE_HZ
from sayso.stt.recording import FRAMES_PER_SECOND, SILENT_DB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sayso.stt.transcript import EngineSegment, EngineWord
    from sayso.types import FloatArray

PART_SECONDS = 600.0
"""The length of a part. With a fifth more, as 16-bit samples at 16 kHz, 23 MB: less than OpenAI takes."""

_SLACK = 0.1
"""How far a cut may be from its even position, as a share of a part: so no part is a fifth longer than another."""

_SHORTEST_SILENCE_SECONDS = 0.3  # the stop in a “t” or a “k” is half as long
_LONG_ENOUGH_SECONDS = 1.5  # a longer silence is no better than this one
_SECONDS_PER_SLACK = 0.5
"""How much longer a silence at the end of the slack must be to be preferred to one in its middle."""

_SPEECH_ABOVE_PAUSES_DB = 15.0
"""With less between the 1st and the 95th percentile of the levels, pauses cannot be distinguished from speech."""

_OVERLAP_SECONDS = 6.0
_QUIET_SECONDS = 0.2

_SAME_MOMENT_SECONDS = 0.75
"""How far apart two engines' times for one word may be."""


class Seam(NamedTuple):
    """A cut, in samples; ``overlap_samples`` around it belong to both parts, half before and half after."""

    sample: int
    overlap_samples: int


class Part(NamedTuple):
    """A part of a recording, in samples."""

    start_sample: int
    end_sample: int


def seams_of(levels_db: FloatArray, duration_samples: int, *, part_seconds: float = PART_SECONDS) -> list[Seam]:
    """Where to cut a recording into parts of about ``part_seconds``; nowhere when it is no longer than that.

    Args:
        levels_db: its level in each frame, as in `Recording`.
        duration_samples: its length.
        part_seconds: how long a part is at the most, but for a fifth and for overlaps.
    """
    frame_samples = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    parts = math.ceil(duration_samples / (part_seconds * SAMPLE_RATE_HZ))
    frames_each = len(levels_db) // max(parts, 1)
    slack = max(1, round(frames_each * _SLACK))
    seams: list[Seam] = []
    for number in range(1, parts):
        wanted = number * len(levels_db) // parts
        near = levels_db[wanted - slack : wanted + slack]
        silence = _silence(near, slack)
        sample = (wanted - slack + (_quietest(near) if silence is None else silence)) * frame_samples
        room = 2 * min(sample, duration_samples - sample)  # an overlap ends where the recording does
        overlap_samples = min(round(_OVERLAP_SECONDS * SAMPLE_RATE_HZ), room) if silence is None else 0
        seams.append(Seam(sample, overlap_samples))
    return seams


def parts_of(seams: Sequence[Seam], duration_samples: int) -> list[Part]:
    """The parts that the seams make, each with its overlaps."""
    edges = [Seam(0, 0), *seams, Seam(duration_samples, 0)]
    return [
        Part(
            max(0, before.sample - before.overlap_samples // 2),
            min(duration_samples, after.sample + after.overlap_samples // 2),
        )
        for before, after in pairwise(edges)
    ]


def _silence(levels_db: FloatArray, wanted: int) -> int | None:
    """The frame in the middle of the best silence; None when there is none."""
    quiet, loud = np.percentile(levels_db, [1, 95])
    limit_db = SILENT_DB
    if loud - quiet >= _SPEECH_ABOVE_PAUSES_DB:
        limit_db = max(limit_db, quiet + (loud - quiet) / 4)
    best: tuple[float, int] | None = None
    for first, last in _runs(levels_db < limit_db):
        seconds = (last - first) / FRAMES_PER_SECOND
        if seconds >= _SHORTEST_SILENCE_SECONDS:
            middle = (first + last) // 2
            distance = abs(middle - wanted) / max(wanted, 1)
            worth = min(seconds, _LONG_ENOUGH_SECONDS) - _SECONDS_PER_SLACK * distance
            best = max(best or (worth, middle), (worth, middle))
    return None if best is None else best[1]


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The ranges where the flags are set, half open."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _quietest(levels_db: FloatArray) -> int:
    """The frame in the middle of the quietest moment."""
    frames = min(round(_QUIET_SECONDS * FRAMES_PER_SECOND), len(levels_db))
    power = np.convolve(10.0 ** (levels_db.astype(np.float64) / 10), np.ones(frames), "valid")
    return int(power.argmin()) + frames // 2


class _NearbyWord(NamedTuple):
    """A word near a seam: its segment, its position in the segment, and its letters."""

    segment: int
    place: int
    letters: str
    middle_seconds: float


def join(
    before: Sequence[EngineSegment], after: Sequence[EngineSegment], seam: Seam, *, timed: bool
) -> tuple[list[EngineSegment], list[EngineSegment]]:
    """The segments of two neighbouring parts, so that no word near their seam is lost or doubled.

    Args:
        before: of the first part, in the recording's time.
        after: of the second.
        seam: where the parts meet.
        timed: whether the words' times are the engine's, so that words with the same letters at other times are others.
    """
    if not seam.overlap_samples:
        return list(before), list(after)
    cut_seconds = seam.sample / SAMPLE_RATE_HZ
    reach_seconds = seam.overlap_samples / SAMPLE_RATE_HZ * (1 if timed else 4)
    tail = [word for word in _nearby_words(before) if word.middle_seconds >= cut_seconds - reach_seconds]
    head = [word for word in _nearby_words(after) if word.middle_seconds <= cut_seconds + reach_seconds]
    meeting = _meeting(tail, head, cut_seconds, timed=timed)
    if meeting is None:
        return _cut_by_time(before, after, cut_seconds)
    last, first = meeting
    kept_before = [*before[: last.segment], _with_words(before[last.segment], 0, last.place + 1)]
    kept_after = [_with_words(after[first.segment], first.place + 1, None), *after[first.segment + 1 :]]
    return _nonempty(kept_before), _nonempty(kept_after)


def _meeting(
    tail: Sequence[_NearbyWord], head: Sequence[_NearbyWord], cut_seconds: float, *, timed: bool
) -> tuple[_NearbyWord, _NearbyWord] | None:
    """A word of both parts at which to pass from one to the other: in the longest common run, near the cut."""
    matcher = SequenceMatcher(None, [word.letters for word in tail], [word.letters for word in head], autojunk=False)
    best: tuple[tuple[int, float], _NearbyWord, _NearbyWord] | None = None
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            left, right = tail[block.a + step], head[block.b + step]
            if timed and abs(left.middle_seconds - right.middle_seconds) > _SAME_MOMENT_SECONDS:
                continue
            moment = (left.middle_seconds + right.middle_seconds) / 2
            rank = (block.size, -abs(moment - cut_seconds))
            if best is None or rank > best[0]:
                best = (rank, left, right)
    return None if best is None else best[1:]


def _cut_by_time(
    before: Sequence[EngineSegment], after: Sequence[EngineSegment], cut_seconds: float
) -> tuple[list[EngineSegment], list[EngineSegment]]:
    def kept(segments: Sequence[EngineSegment], *, first: bool) -> list[EngineSegment]:
        return _nonempty(
            [
                segment._replace(words=tuple(word for word in segment.words if (_middle(word) < cut_seconds) is first))
                for segment in segments
            ]
        )

    return kept(before, first=True), kept(after, first=False)


def _nearby_words(segments: Sequence[EngineSegment]) -> list[_NearbyWord]:
    """The words that have letters or digits."""
    return [
        _NearbyWord(number, place, letters, _middle(word))
        for number, segment in enumerate(segments)
        for place, word in enumerate(segment.words)
        if (letters := "".join(filter(str.isalnum, word.text.casefold())))
    ]


def _middle(word: EngineWord) -> float:
    return (word.start_seconds + word.end_seconds) / 2


def _with_words(segment: EngineSegment, first: int, last: int | None) -> EngineSegment:
    return segment._replace(words=segment.words[first:last])


def _nonempty(segments: Sequence[EngineSegment]) -> list[EngineSegment]:
    return [segment for segment in segments if segment.words]
