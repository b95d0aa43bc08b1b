"""Run synchronous work on a thread of its own, from an event loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def on_thread(work: Callable[[], T]) -> T:
    """Run ``work`` on a thread; if the caller is cancelled, the thread finishes on its own."""
    # Not anyio's default limit of 40 threads: callers bound their own concurrency.
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(math.inf))
