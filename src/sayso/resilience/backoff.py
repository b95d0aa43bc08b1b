"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 900.0


def backoff_seconds(
    failures: int,
    *,
    first_seconds: float = FIRST_SECONDS,
    longest_seconds: float = LONGEST_SECONDS,
    chance: Callable[[], float] = random.random,
) -> float:
    """Twice as long after each failure, less up to half of it by chance: what failed together must not come together.

    Args:
        failures: how many there have been, at least 1.
        first_seconds: the longest pause after the first.
        longest_seconds: the longest pause of all.
        chance: 0 to 1, anew at each call.
    """
    doublings = min(failures - 1, 32)  # more than any bound needs, and no overflow
    return float(min(first_seconds * 2**doublings, longest_seconds) * (1 - chance() / 2))
