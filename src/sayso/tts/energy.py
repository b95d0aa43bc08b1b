"""How loud an utterance is from moment to moment, and where it is quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sayso.types import FloatArray

FRAME_SAMPLES = 120
"""Levels are taken over this many samples: 5 ms at 24 kHz."""

_FLOOR_POWER = 1e-12


def levels_db(samples: FloatArray) -> FloatArray:
    """The mean power of each whole frame in dB relative to full scale, at least -120; shape (samples // 120,).

    An utterance shorter than one frame has a single level, that of all its samples.
    """
    frames = max(1, samples.size // FRAME_SAMPLES)
    whole = samples[: frames * FRAME_SAMPLES].reshape(frames, -1) if samples.size else np.zeros((1, 1), np.float32)
    power: FloatArray = np.mean(np.square(whole), axis=1)
    return np.asarray(10.0 * np.log10(power + _FLOOR_POWER), np.float32)


def quiet_runs(level: FloatArray, threshold_db: float) -> list[tuple[int, int]]:
    """The stretches below a threshold, as half-open ranges of frames, in order."""
    quiet = np.concatenate([[False], level < threshold_db, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
