"""A bell: whoever waits hears everything that was rung since it last looked."""

from __future__ import annotations

import asyncio
import math


class Notifier:
    """On one event loop."""

    def __init__(self) -> None:
        self.rings = 0
        """How often it was rung."""
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.rings += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, heard: int, *, seconds: float) -> bool:
        """Wait for a ring that is not among those that were heard.

        Args:
            heard: `rings` before looking for what a ring may tell of.
            seconds: how long at most; infinity for as long as it takes.

        Returns:
            Whether there was one.
        """
        if self.rings == heard:
            try:
                async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                    await self._next.wait()
            except TimeoutError:
                return False
        return True
