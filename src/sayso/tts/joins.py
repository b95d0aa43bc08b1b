"""Prepares utterances to be joined: trimmed, faded, and brought to the same loudness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import segment_loudness
from sayso.audio.loudness_targets import LEVEL_LUFS
from sayso.errors import EngineFailed
from sayso.types import Audio, Speech, TokenTime

if TYPE_CHECKING:
    from sayso.types import FloatArray

MAXIMUM_GAIN_DB = 12.0
"""Quieter audio than this below the level is amplified no further: it is breath, or broken."""

# The audio that is kept before the first word and after the last: the first consonant, and the last breath.
LEAD_IN_SECONDS = 0.04
LEAD_OUT_SECONDS = 0.12
_FADE_SECONDS = 0.01


def silence_samples(pause_seconds: float, sample_rate_hz: int) -> int:
    """The silence to insert for a pause between two utterances, which have their own lead-out and lead-in."""
    return max(0, round((pause_seconds - LEAD_IN_SECONDS - LEAD_OUT_SECONDS) * sample_rate_hz))


def shape(speech: Speech) -> Speech:
    """Trim an utterance to its words, fade its edges, and bring it to `LEVEL_LUFS`.

    Without times nothing is trimmed. Utterances joined end to end meet at zero, so that no join clicks.

    Raises:
        EngineFailed: as `checked_finite`.
    """
    rate = speech.audio.sample_rate_hz
    samples, times = checked_finite(speech.audio.samples), speech.times
    if times:
        begin = max(0, times[0].start_sample - round(LEAD_IN_SECONDS * rate))
        end = min(samples.size, times[-1].end_sample + round(LEAD_OUT_SECONDS * rate))
        samples = samples[begin:end]
        times = tuple(
            TokenTime(start_sample=time.start_sample - begin, end_sample=time.end_sample - begin) for time in times
        )
    levelled = samples * level_gain(samples, rate)
    fade_in(levelled, rate)
    fade_out(levelled, rate)
    return Speech(audio=Audio(samples=levelled, sample_rate_hz=rate), times=times, is_aligned=speech.is_aligned)


def checked_finite(samples: FloatArray) -> FloatArray:
    """The samples.

    Raises:
        EngineFailed: one is infinite or not a number. LAME aborts the process for such a sample, and AAC fails.
    """
    if not np.isfinite(samples).all():
        raise EngineFailed("The engine's audio holds samples that are not finite numbers.")
    return samples


def level_gain(samples: FloatArray, rate: int, *, above_db: float = 0.0) -> np.float32:
    """The gain that brings samples to `LEVEL_LUFS` and ``above_db``; at most `MAXIMUM_GAIN_DB`, and 1 for silence."""
    loudness = segment_loudness(samples, rate)
    if loudness is None:
        return np.float32(1.0)
    return np.float32(10 ** (min(LEVEL_LUFS + above_db - loudness, MAXIMUM_GAIN_DB) / 20))


def fade_in(samples: FloatArray, rate: int) -> None:
    """Half a raised cosine at the beginning, in place."""
    ramp = _ramp(samples.size, rate)
    samples[: ramp.size] *= ramp


def fade_out(samples: FloatArray, rate: int) -> None:
    """The same at the end."""
    ramp = _ramp(samples.size, rate)
    samples[samples.size - ramp.size :] *= ramp[::-1]


def _ramp(size: int, rate: int) -> FloatArray:
    length = min(round(_FADE_SECONDS * rate), size // 2)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1)), np.float32)
