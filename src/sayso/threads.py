"""From an event loop to threads and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def on_thread(work: Callable[[], T]) -> T:
    """Run ``work`` on a thread of its own; when the caller is cancelled, nobody waits for it."""
    # Not anyio's own limit of 40 threads: whoever calls bounds their number.
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(math.inf))
