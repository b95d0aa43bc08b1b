"""The level of an utterance in each frame, and its quiet ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sayso.types import FloatArray

FRAME_SAMPLES = 120
"""Levels are taken over this many samples: 5 ms at 24 kHz."""

_FLOOR_POWER = 1e-12


def levels_db(samples: FloatArray) -> FloatArray:
    """The power of each whole frame in dB relative to full scale, at least -120; shape (samples // 120,).

    It is the power about the frame's mean: engines put an inaudible drift below 20 Hz under their pauses, which can be
    stronger than a soft consonant (-45 dB in some of Kokoro's voices). An utterance shorter than one frame has a single
    level, that of all its samples.
    """
    frames = max(1, samples.size // FRAME_SAMPLES)
    whole = samples[: frames * FRAME_SAMPLES].reshape(frames, -1) if samples.size else np.zeros((1, 1), np.float32)
    power: FloatArray = np.var(whole, axis=1)
    return np.asarray(10.0 * np.log10(power + _FLOOR_POWER), np.float32)


def quiet_runs(level: FloatArray, threshold_db: float, *, longest_click_frames: int = 0) -> list[tuple[int, int]]:
    """The quiet ranges of frames below a threshold, half open, in order.

    Args:
        level: as `levels_db` gives it.
        threshold_db: a lower level is quiet.
        longest_click_frames: louder frames for no longer than this are part of the quiet range around them.
    """
    quiet = np.concatenate([[False], level < threshold_db, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    begins, ends = edges[::2], edges[1::2]
    apart = begins[1:] - ends[:-1] > longest_click_frames
    kept = zip(begins[np.append(True, apart)[: begins.size]], ends[np.append(apart, True)[: ends.size]], strict=True)
    return [(int(begin), int(end)) for begin, end in kept]
