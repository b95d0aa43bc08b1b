"""An event loop in a thread of its own, on which nothing computes, so that heartbeats are never late."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING

import structlog

from sayso.errors import SaysoError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_log = structlog.get_logger(__name__)


class LoopThread:
    """Runs a coroutine on a loop of its own until it is stopped; any thread may use it.

    Args:
        name: of the thread.
        main: given an event that is set, on the loop, when it is to end.
    """

    def __init__(self, name: str, main: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
        self.failure: BaseException | None = None
        """The error that ended it before it was stopped; None if there was none."""
        self._main = main
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()  # set once the two above are
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=lambda: context.run(self._run), name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns when the loop runs."""
        self._thread.start()
        self._ready.wait()

    @property
    def is_alive(self) -> bool:
        """Whether its loop runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Have it end; returns at once, and may be called again."""
        if self._stop is not None:
            self.call(self._stop.set)

    def call(self, work: Callable[[], object]) -> None:
        """Call something on the loop, soon; not if the loop has ended."""
        if self._loop is not None and self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(work)
            except RuntimeError:
                _log.debug("the loop had ended by itself")

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait for its end, and return whether it came."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._entered())
        except SaysoError as error:  # the message says it all: no traceback
            self.failure = error
            _log.error("a service ended by itself", thread=self._thread.name, reason=error.message, hint=error.hint)
        except BaseException as error:  # noqa: BLE001 -- health checks report it
            self.failure = error
            _log.exception("a service ended by itself", thread=self._thread.name)
        finally:
            self._ready.set()

    async def _entered(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._main(self._stop)
        if not self._stop.is_set():
            raise RuntimeError(f"{self._thread.name} ended without being stopped")
