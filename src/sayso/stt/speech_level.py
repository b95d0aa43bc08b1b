"""How loud the speech of a recording is, and by how much to raise it before engines and the voice detector listen.

Silero's detector hears nothing in speech below about -65 dB, and nothing at -40 dB where an inaudible rumble (wind, a
hand on the microphone) is louder than the voice. So it is given the sound above 60 Hz, at the same level always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sayso.types import FloatArray

RUMBLE_SAMPLES = 193
"""The length of the moving mean that is taken away twice, at 16 kHz: 12 ms, so that 20 Hz are 30 dB lower."""

_SPEECH_PERCENTILE = 95
_PAUSE_PERCENTILE = 10
_DETECTOR_DB = -20.0
"""The level of speech at which the detector misses least: it is even from -10 to -25 dB."""

_AUDIBLE_DB = -45.0
"""Recordings whose speech is quieter are raised for every engine."""

_LOUD_PERCENTILE = 99.0
_CREST_DB = 10.0
"""How far the peaks of a frame are above its level, about."""

_QUIETEST_DB = -88.0  # the last bit of 16: what is quieter is rounding

_SPEECH_ABOVE_PAUSES_DB = 8.0
"""Speech has pauses, so its levels vary; the noise of a quiet room does not, and is not raised."""


def without_rumble(samples: FloatArray) -> FloatArray:
    """The sound without what is below about 60 Hz; float32, of the same length.

    Args:
        samples: mono at 16 kHz, at least a second where it can be: its ends are less exact.
    """
    for _ in range(2):
        samples = samples - _moving_mean(_moving_mean(samples))
    return samples


def _moving_mean(samples: FloatArray) -> FloatArray:
    half = RUMBLE_SAMPLES // 2
    padded = np.pad(samples, (half + 1, half), mode="edge")
    total = np.cumsum(padded, dtype=np.float64)
    mean: FloatArray = ((total[RUMBLE_SAMPLES:] - total[:-RUMBLE_SAMPLES]) / RUMBLE_SAMPLES).astype(np.float32)
    return mean


def recording_gain(levels_db: FloatArray, audible_db: FloatArray) -> float:
    """The factor by which a very quiet recording is raised; 1 for every other one, and where it would clip.

    Args:
        levels_db: of its frames.
        audible_db: likewise, without rumble.
    """
    speech_db = _speech_db(audible_db)
    if speech_db is None or speech_db >= _AUDIBLE_DB:
        return 1.0
    headroom_db = -float(np.percentile(levels_db, _LOUD_PERCENTILE)) - _CREST_DB
    return max(1.0, _factor(min(_DETECTOR_DB - speech_db, headroom_db)))


def detector_gain(audible_db: FloatArray) -> float:
    """The factor by which the sound without rumble is raised or lowered for the voice detector."""
    speech_db = _speech_db(audible_db)
    return 1.0 if speech_db is None else _factor(_DETECTOR_DB - speech_db)


def _speech_db(audible_db: FloatArray) -> float | None:
    """The level of the speech; None where there is none, because the level is even or below what can be heard."""
    if not len(audible_db):
        return None
    pause_db, speech_db = np.percentile(audible_db, [_PAUSE_PERCENTILE, _SPEECH_PERCENTILE])
    if speech_db < _QUIETEST_DB or speech_db - pause_db < _SPEECH_ABOVE_PAUSES_DB:
        return None
    return float(speech_db)


def _factor(decibels: float) -> float:
    return float(10.0 ** (decibels / 20))
