"""An event loop on a thread of its own, for callers that wait on other threads."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines on one background thread, which the first of them starts.

    Any thread may call. ``_lock`` guards the start and the end of the thread, which owns the loop.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine.

        Raises:
            RuntimeError: the loop is closed.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("the loop is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, end: Callable[[], Awaitable[None]]) -> None:
        """Start nothing more, wait for what runs and then for ``end``, and end the thread; a second call does nothing.

        Args:
            end: called on the thread, if it was ever started.
        """
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(_drain(end), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()


async def _drain(end: Callable[[], Awaitable[None]]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others)
    await end()
