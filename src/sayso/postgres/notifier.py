"""Notifications within a process: a waiter misses none that came since it last looked."""

from __future__ import annotations

import asyncio
import math


class Notifier:
    """Counts notifications, and wakes those who wait for one; for one event loop."""

    def __init__(self) -> None:
        self.count = 0
        """How many notifications there were."""
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Wake all who wait."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seen: int, *, seconds: float) -> bool:
        """Wait for a notification later than those that were seen.

        Args:
            seen: `count` before looking for what a notification may be about.
            seconds: how long at most; infinity for as long as it takes.

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
