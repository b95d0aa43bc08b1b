"""Change the sample rate."""

from __future__ import annotations

import soxr

from sayso.types import Audio


def resample(audio: Audio, sample_rate_hz: int) -> Audio:
    """The same audio at another rate, by libsoxr's high quality (pass band to 91 % of the band, no delay)."""
    if audio.sample_rate_hz == sample_rate_hz:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate_hz, sample_rate_hz, quality="HQ")
    return Audio(samples=samples, sample_rate_hz=sample_rate_hz)
