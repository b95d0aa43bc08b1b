"""Change the sample rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import soxr

from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.types import FloatArray


def resample(audio: Audio, sample_rate_hz: int) -> Audio:
    """The same audio at another rate, by libsoxr's high quality (pass band to 91 % of the band, no delay)."""
    if audio.sample_rate_hz == sample_rate_hz:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate_hz, sample_rate_hz, quality="HQ")
    return Audio(samples=samples, sample_rate_hz=sample_rate_hz)


def resample_blocks(blocks: Iterable[FloatArray], rate_hz: int, sample_rate_hz: int) -> Iterator[FloatArray]:
    """The blocks of one stream at another rate, as `resample`; some of them may be empty.

    Args:
        blocks: float32 samples of shape (n,).
        rate_hz: their rate.
        sample_rate_hz: the rate of the result.
    """
    if rate_hz == sample_rate_hz:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate_hz, sample_rate_hz, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)
