"""Long recordings in parts: where to cut them.

A cut in a silence loses nothing. Where there is none, the parts overlap; see `sayso.stt.openai.transcript_merger`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sayso.stt.recording import FRAMES_PER_SECOND, SAMPLE_RATE_HZ, SILENT_DB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

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
