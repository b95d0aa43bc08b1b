"""From the durations that Kokoro predicts to the times of its symbols in the audio.

The duration predictor says how many 25 ms frames each symbol lasts, and the frames add up to the audio exactly. But
the decoder sounds a phoneme before its frames begin: measured on af_heart, am_michael, bf_emma and ff_siwis (99 word
starts after pauses), the audio is 50 ms early in the median, with every voice. This is subtracted everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.engines.kokoro.vocabulary import SAMPLES_PER_FRAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLY_SAMPLES = 2 * SAMPLES_PER_FRAME
"""A phoneme is in the audio this much earlier than its frames: 50 ms."""


def symbol_edges(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each symbol begins in the audio, and where the last one ends, in samples.

    Args:
        frames: how long each symbol lasts, shape (symbols + 2,): with the pads before and after.

    Returns:
        Shape (symbols + 1,), never falling; the first may lie before the audio.
    """
    return np.cumsum(frames[:-1]) * SAMPLES_PER_FRAME - EARLY_SAMPLES
