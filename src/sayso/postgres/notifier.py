"""Notifications within a process: a waiter misses none since its last check."""

from __future__ import annotations

import asyncio
import math


class Notifier:
    """Counts notifications, and wakes the waiters; for one event loop."""

    def __init__(self) -> None:
        self.count = 0
        """The number of notifications so far."""
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Wake all waiters."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seen: int, *, seconds: float) -> bool:
        """Wait for a notification after the known ones.

        Args:
            seen: `count` before the state was read that a notification may be about.
            seconds: the time limit; infinity for none.

        Returns:
            Whether there was one.
        """
        if self.count == seen:
            try:
                async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                    await self._next.wait()
            except TimeoutError:
                return False
        return True
