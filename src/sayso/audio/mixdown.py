"""Mix the channels of decoded frames to one, also where they cancel.

Microphones with one capsule wired the wrong way round, and some recorders, give two channels of opposite phase: their
sum is nearly silent. Where the sum has much less power than channels that have nothing in common would give, the louder
channel is taken instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame

    from sayso.types import FloatArray

# The power of the sum, as a share of that of unrelated channels: below the first the channels cancel (a correlation
# of -0.8 between two of them), above the second they no longer do.
_CANCELLED_BELOW = 0.2
_SOUND_ABOVE = 0.4

_MEMORY_SECONDS = 0.1
"""The time constant of the mean powers that are compared."""

_LOUDER = 2.0
"""So much more power makes another channel the louder one."""

_SILENT_POWER = 1e-12
_LOW_FREQUENCIES = "LFE"


class Mixdown:
    """Mixes frames of one format, layout and rate, in order; one thread uses it.

    The weights are libav's for the layout, divided so that the sum is no louder than its channels.
    """

    def __init__(self) -> None:
        self._splitter = av.AudioResampler(format="flt")
        self._weights: FloatArray | None = None
        self._powers = np.zeros(0)
        self._sum_power = 0.0
        self._channel: int | None = None

    def mono(self, frame: AudioFrame) -> Iterator[FloatArray]:
        """The samples of a frame, mixed: float32 arrays of shape (n,)."""
        for out in self._splitter.resample(frame):
            # Files of floating point may hold values that are no numbers; resampling would spread them.
            samples = np.nan_to_num(out.to_ndarray(), copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
            channels: FloatArray = samples.astype(np.float32, copy=False).reshape(-1, frame.layout.nb_channels).T
            if len(channels) == 1:
                yield channels[0]
                continue
            if self._weights is None:
                self._weights = _weights(frame)
            yield self._mixed(channels, self._weights, frame.sample_rate)

    def _mixed(self, channels: FloatArray, weights: FloatArray, rate_hz: int) -> FloatArray:
        total = weights @ channels
        if not len(total):
            return total
        before, is_first = self._channel, not np.any(self._powers)
        self._measure(channels, total, rate_hz)
        self._channel = self._chosen(weights)
        old = total if before is None else channels[before]
        new = total if self._channel is None else channels[self._channel]
        if self._channel == before or is_first:
            return new
        mixed: FloatArray = old + (new - old) * np.linspace(0.0, 1.0, len(total), dtype=np.float32)
        return mixed

    def _measure(self, channels: FloatArray, total: FloatArray, rate_hz: int) -> None:
        """Update the mean powers with the next samples."""
        powers = np.mean(np.square(channels, dtype=np.float64), axis=1)
        sum_power = float(np.mean(np.square(total, dtype=np.float64)))
        kept = math.exp(-len(total) / (_MEMORY_SECONDS * rate_hz)) if np.any(self._powers) else 0.0
        self._powers = kept * self._powers + (1 - kept) * powers if kept else powers
        self._sum_power = kept * self._sum_power + (1 - kept) * sum_power

    def _chosen(self, weights: FloatArray) -> int | None:
        """The channel to take alone; None for the sum."""
        unrelated = float(np.square(weights, dtype=np.float64) @ self._powers)
        if unrelated < _SILENT_POWER:
            return self._channel
        limit = _CANCELLED_BELOW if self._channel is None else _SOUND_ABOVE
        if self._sum_power > limit * unrelated:
            return None
        loudest = int(np.argmax(self._powers * (weights > 0)))
        current = self._channel
        if current is not None and self._powers[loudest] < _LOUDER * self._powers[current]:
            return current
        return loudest


def _weights(frame: AudioFrame) -> FloatArray:
    """The share of each channel in the sum, 0 for low-frequency effects: measured with a pulse in each channel."""
    names = [channel.name for channel in frame.layout.channels]
    pulses = np.eye(len(names), dtype=np.float32).reshape(1, -1)
    probe = av.AudioFrame.from_ndarray(pulses, format="flt", layout=frame.layout.name)
    probe.sample_rate = frame.sample_rate
    # Weights that sum to at most one: two channels of the same sound are no louder than one.
    mixer = av.AudioResampler(format="flt", layout="mono", options={"rematrix_maxval": "1.0"})
    weights: FloatArray = np.concatenate([out.to_ndarray()[0] for out in mixer.resample(probe)])
    weights[[name == _LOW_FREQUENCIES for name in names]] = 0.0
    return weights
