"""From the durations that Kokoro predicts to the times of its symbols in the audio.

The duration predictor says how many 25 ms frames each symbol lasts, and the frames add up to the audio exactly. But
the decoder sounds a phoneme before its frames begin: measured on af_heart, am_michael, bf_emma and ff_siwis (99 word
starts after pauses), the audio is 50 ms early in the median, with every voice. This is subtracted everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from sayso.tts.timing.borders import BorderLags, Manner

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARLY_SAMPLES = 2 * SAMPLES_PER_FRAME
"""A phoneme is in the audio this much earlier than its frames: 50 ms."""

_LEADS_MS = {
    Manner.VOWEL: 30,
    Manner.SIBILANT: 38,
    Manner.FRICATIVE: 38,
    Manner.VOICELESS_STOP: 38,
    Manner.VOICED_STOP: 33,
    Manner.NASAL: 43,
    Manner.APPROXIMANT: 35,
}
"""Within a phrase a word that begins with such a sound is heard so long before the frames of the space in front of it:
medians over am_michael, bf_emma, bm_lewis and ff_siwis reading `bench/text_files/clauses-en.txt` and ``clauses-fr.txt``
(1,888 words), by the witnesses of `bench/witnesses.py`. The voices differ by 5 ms; neither the speed nor the length of
the space matters."""

_LEADS_AFTER_MS = {
    Manner.VOWEL: 3,
    Manner.APPROXIMANT: 6,
    Manner.SIBILANT: -7,
    Manner.NASAL: -3,
    Manner.VOICED_STOP: -3,
}
"""And so much more where the word before ends with such a sound; fitted to the same words."""

_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000

BORDER_LAGS = BorderLags(
    before={manner: EARLY_SAMPLES - lead * _SAMPLES_PER_MS for manner, lead in _LEADS_MS.items()},
    after={manner: -lead * _SAMPLES_PER_MS for manner, lead in _LEADS_AFTER_MS.items()},
)
"""The same, relative to the edges of `symbol_edges`."""


def symbol_edges(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each symbol begins in the audio, and where the last one ends, in samples.

    Args:
        frames: how long each symbol lasts, shape (symbols + 2,): with the pads before and after.

    Returns:
        Shape (symbols + 1,), never falling; the first may lie before the audio.
    """
    return np.cumsum(frames[:-1]) * SAMPLES_PER_FRAME - EARLY_SAMPLES
