"""The edges of words at pauses, by the level of the sound: only there is silence on one side of an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sayso.types import FloatArray

_FRAME_SAMPLES = 80
FRAMES_PER_SECOND = 200
"""Levels are taken every 5 ms."""

_PREEMPHASIS = 0.9
_SHORTEST_PAUSE_SECONDS = 0.14
_SHORTEST_SILENCE_FRAMES = 16
_LONGEST_CLICK_FRAMES = 5
_LOUDNESS_RADIUS_FRAMES = 60

CLEAN_DB = 30.0
"""Starts are moved to the sound only where speech stands so far above its pause: noise hides soft consonants."""

_SHARE_OF_RISE = 0.3
"""Silence ends this share of the way from the pause's floor to the speech's level, in dB."""

_LEAST_RISE_DB = 6.0
_START_BELOW_LOUD_DB = 40.0
_END_BELOW_LOUD_DB = 30.0
_FARTHEST_EARLIER_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Silence:
    """A silence within a pause, in seconds, and how far speech stands above it."""

    start: float
    end: float
    rise_db: float


def levels_db(samples: FloatArray) -> FloatArray:
    """The level every 5 ms, high tones raised as consonants need, smoothed over three frames."""
    raised = np.append(samples[:1], samples[1:] - _PREEMPHASIS * samples[:-1])
    frames = len(raised) // _FRAME_SAMPLES
    power = np.mean(raised[: frames * _FRAME_SAMPLES].reshape(frames, _FRAME_SAMPLES) ** 2, axis=1)
    level = 10 * np.log10(power + 1e-10)
    smoothed: FloatArray = np.convolve(level, np.ones(3) / 3, "same").astype(np.float32) if frames > 2 else level
    return smoothed


def set_edges(
    samples: FloatArray,
    starts: NDArray[np.float64],
    *,
    first_heard: NDArray[np.float64],
    last_heard: NDArray[np.float64],
    known_ends: NDArray[np.float64],
    agreement_seconds: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The starts and ends of words in seconds: at a pause by the sound, otherwise an end is the next start.

    Args:
        samples: of the stretch, at 16 kHz.
        starts: of each word, as far as known.
        first_heard: when the model is sure of each word's first phone.
        last_heard: when it is sure of its last phone.
        known_ends: the ends that a second aligner gives, or NaN.
        agreement_seconds: how far a start is moved at most, unless the sound begins shortly before the first phone.
    """
    level = levels_db(samples)
    count = len(starts)
    duration = len(samples) / 16_000
    begun, ended = starts.copy(), np.append(starts[1:], min(last_heard[-1] + 0.1, duration))
    for index in range(count + 1):
        before = float(last_heard[index - 1]) if index else 0.0
        after = float(first_heard[index]) if index < count else duration
        silence = _silence(level, before, after)
        if silence is None:
            continue
        is_clean = silence.rise_db >= CLEAN_DB
        if index:
            known = known_ends[index - 1]
            ended[index - 1] = silence.start if is_clean or np.isnan(known) else known
        if index < count and is_clean:
            onset = silence.end
            near = abs(onset - begun[index]) < agreement_seconds or after - onset < _FARTHEST_EARLIER_SECONDS
            if near and onset > begun[index] - _FARTHEST_EARLIER_SECONDS:
                begun[index] = onset
    return _in_order(begun, ended)


def _silence(level: FloatArray, before: float, after: float) -> _Silence | None:
    """The longest silence between two times in seconds; None if there is no pause."""
    first, last = (int(np.clip(round(each * FRAMES_PER_SECOND), 0, len(level))) for each in (before, after))
    if last - first < _SHORTEST_PAUSE_SECONDS * FRAMES_PER_SECOND:
        return None
    pause = level[first:last]
    floor = float(np.percentile(pause, 10))
    around = level[max(0, first - _LOUDNESS_RADIUS_FRAMES) : last + _LOUDNESS_RADIUS_FRAMES]
    loud = float(np.percentile(around, 95))
    threshold = max(floor + max(_LEAST_RISE_DB, _SHARE_OF_RISE * (loud - floor)), loud - _START_BELOW_LOUD_DB)
    runs = _quiet_runs(pause < threshold)
    if not runs:
        return None
    start, end = max(runs, key=lambda run: run[1] - run[0])
    if end - start < _SHORTEST_SILENCE_FRAMES:
        return None
    while start > 0 and pause[start - 1] < max(threshold, loud - _END_BELOW_LOUD_DB):
        start -= 1
    return _Silence(
        start=(first + start) / FRAMES_PER_SECOND, end=(first + end) / FRAMES_PER_SECOND, rise_db=loud - floor
    )


def _quiet_runs(quiet: NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    """The quiet ranges of frames; a click within does not end one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and start - runs[-1][1] <= _LONGEST_CLICK_FRAMES:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _in_order(
    starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every word lasts a little, and ends by the start of the next."""
    starts = np.maximum.accumulate(starts)
    ends = np.maximum(ends, starts + 0.02)
    ends[:-1] = np.where(ends[:-1] > starts[1:], np.maximum(starts[1:], starts[:-1] + 0.01), ends[:-1])
    return starts, ends
