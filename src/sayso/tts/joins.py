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
        EngineFailed: a sample is infinite or not a number. LAME aborts the process for such a sample, and AAC fails.
    """
    rate = speech.audio.sample_rate_hz
    samples, times = speech.audio.samples, speech.times
    if not np.isfinite(samples).all():
        raise EngineFailed("The engine's audio holds samples that are not finite numbers.")
    if times:
        begin = max(0, times[0].start_sample - round(LEAD_IN_SECONDS * rate))
        end = min(samples.size, times[-1].end_sample + round(LEAD_OUT_SECONDS * rate))
        samples = samples[begin:end]
        times = tuple(
            TokenTime(start_sample=time.start_sample - begin, end_sample=time.end_sample - begin) for time in times
        )
    levelled = samples * _gain(samples, rate)
    _fade_edges(levelled, round(_FADE_SECONDS * rate))
    return Speech(audio=Audio(samples=levelled, sample_rate_hz=rate), times=times, is_aligned=speech.is_aligned)


def _gain(samples: FloatArray, rate: int) -> np.float32:
    loudness = segment_loudness(samples, rate)
    if loudness is None:
        return np.float32(1.0)
    return np.float32(10 ** (min(LEVEL_LUFS - loudness, MAXIMUM_GAIN_DB) / 20))


def _fade_edges(samples: FloatArray, length: int) -> None:
    """Half a raised cosine at either end, in place."""
    length = min(length, samples.size // 2)
    ramp = np.asarray(0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1)), np.float32)
    samples[:length] *= ramp
    samples[samples.size - length :] *= ramp[::-1]
