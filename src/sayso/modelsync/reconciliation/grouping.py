"""Groups of finished transfers, so that many small files are synced together."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

GROUP_FILES = 256
GROUP_SECONDS = 0.2
"""The sync of a group takes about as long as that of one file; a file waits for others no longer than this."""


def next_group(
    finished: SimpleQueue[T],
    outstanding: int,
    *,
    largest: int = GROUP_FILES,
    longest_seconds: float = GROUP_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> list[T]:
    """Wait for a finished transfer, and then a little for more; blocks.

    Args:
        finished: where they arrive.
        outstanding: how many are still to come, at least 1; the wait ends with the last of them.
        largest: the group has no more than this.
        longest_seconds: how long to wait after the first.
        clock: monotonic seconds.
    """
    group = [finished.get()]
    ends = clock() + longest_seconds
    while len(group) < min(largest, outstanding):
        try:
            group.append(finished.get(timeout=max(ends - clock(), 0.0)))
        except Empty:
            break
    return group
