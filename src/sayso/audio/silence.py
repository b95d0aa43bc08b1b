"""Silence, a block at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.types import FloatArray

BLOCK_SAMPLES = 1 << 16
"""Less than three seconds of speech: so much is made, encoded or written between two checks for a cancellation."""


def silence(samples: int) -> Iterator[FloatArray]:
    """Silence of any length in blocks of at most `BLOCK_SAMPLES`: float32 zeros of shape (n,), n at least 1."""
    while samples > 0:
        block = np.zeros(min(samples, BLOCK_SAMPLES), np.float32)
        samples -= block.size
        yield block
