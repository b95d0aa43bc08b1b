"""How work grows with its input: by ratios of processor time, which do not depend on the load of the machine."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR_SECONDS = 0.012
"""A shorter time at the largest size is not judged: clocks are not that precise."""

STEP = 4
MOST_GROWTH = 9.0
"""For `STEP` times the input: linear work takes 4 times as long, quadratic work 16 times."""

_REPEATS = (1, 2, 2, 2)
"""Of the longer run, in each try: nearly all work is linear in the first, and other load can only add to it."""


def growth(work: Callable[[int], Callable[[], object]], *, smallest: int, largest: int) -> float:
    """How many times as long the work takes for `STEP` times the input, at a size where it can be measured.

    Args:
        work: prepares the work of a size, which is then run and timed.
        smallest: a size at which even cubic work ends soon.
        largest: the size at which work that is still below `FLOOR_SECONDS` counts as a growth of 1.

    Returns:
        The least of several measurements, because other load can only increase one.
    """
    size = smallest
    while _seconds(work(size), repeats=1) < FLOOR_SECONDS:
        if size >= largest:
            return 1.0
        size = min(size * STEP, largest)
    least = float("inf")
    for repeats in _REPEATS:
        least = min(least, _seconds(work(size * STEP), repeats=repeats) / _seconds(work(size), repeats=3))
        if least < MOST_GROWTH:
            break
    return least


def _seconds(work: Callable[[], object], *, repeats: int) -> float:
    """The least processor time of this thread for the work."""
    best = float("inf")
    gc.disable()  # which may run at any time
    try:
        for _ in range(repeats):
            began = time.thread_time()
            work()
            best = min(best, time.thread_time() - began)
    finally:
        gc.enable()
    return best
