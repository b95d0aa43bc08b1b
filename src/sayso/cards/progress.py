"""Writing the progress of a job as its phrases finish, without a storm of writes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from sayso.errors import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)


class ProgressWriter:
    """Writes the progress when there is some, with a pause after each write; for one event loop.

    Args:
        write: writes the progress that there is now.
        pause_seconds: the time between two writes, at least.
    """

    def __init__(self, write: Callable[[], Awaitable[None]], *, pause_seconds: float) -> None:
        self._write = write
        self._pause_seconds = pause_seconds
        self._changed = asyncio.Event()

    def note(self) -> None:
        """Note that there is progress."""
        self._changed.set()

    async def run(self) -> None:
        """Write until cancelled; a database that does not answer gets the progress with the next write.

        Raises:
            LeaseLost: the job belongs to another worker now, or was cancelled.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._write()
            except ServiceUnavailable as error:
                _log.debug("the progress was not stored", reason=error.message)
                self._changed.set()
            await asyncio.sleep(self._pause_seconds)
