"""Samples as frames of libav."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from sayso.types import FloatArray


def frame_of(samples: FloatArray, sample_rate_hz: int, *, start: int) -> av.AudioFrame:
    """A mono frame of float32 samples of shape (n,), n at least 1, whose time stamp is ``start`` samples."""
    contiguous = np.ascontiguousarray(samples, dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(contiguous[np.newaxis], format="flt", layout="mono")
    frame.sample_rate = sample_rate_hz
    frame.time_base = Fraction(1, sample_rate_hz)
    frame.pts = start
    return frame
