"""Work that several jobs of a process wait for is done once, and ends when none of them waits any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import structlog

from sayso.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.cards.base import SpokenPhrase
    from sayso.cards.engines import SpeechRequest

    Work: TypeAlias = Callable[[SpeechRequest], Awaitable[SpokenPhrase]]

_log = structlog.get_logger(__name__)


class _Ended(Exception):
    """Work was cancelled because no job waited for it, or because everything ends."""


class _Flight:
    """The work on one key."""

    def __init__(self, request: SpeechRequest, task: asyncio.Future[SpokenPhrase]) -> None:
        self.request = request
        self.task = task
        self.ended = asyncio.Event()
        self._is_cancelled = False

    @property
    def is_ending(self) -> bool:
        """Whether it was cancelled or is done: it has no result for others."""
        return self._is_cancelled or self.task.done()

    def cancel(self) -> None:
        """End it."""
        self._is_cancelled = True
        self.task.cancel()


class Flights:
    """The work in progress by the key of its result; for one event loop."""

    def __init__(self) -> None:
        self._flying: dict[str, _Flight] = {}
        self._is_closed = False

    async def join(self, key: str, request: SpeechRequest, work: Work) -> SpokenPhrase:
        """Wait for the result of the work on a key, which is begun unless it is in progress.

        If the caller is cancelled and no other waits, the work is cancelled, too, unless its request is kept.

        Args:
            key: of the result.
            request: of the caller's job; used if the work is begun.
            work: does what a request asks for.

        Returns:
            The result; as one that existed before if another caller had begun the work.

        Raises:
            Exception: as the work does.
            Cancelled: this was closed.
        """
        while not self._is_closed:
            flight = self._flying.get(key)
            if flight is not None and flight.is_ending:
                await flight.ended.wait()
                continue
            is_new = flight is None
            if flight is None:
                flight = self._begun(key, request, work)
            try:
                spoken = await self._waited(flight, request.job_id)
            except _Ended:
                continue
            return spoken if is_new else replace(spoken, is_cached=True)
        raise Cancelled("The speaker is closed.")

    async def close(self, *, grace_seconds: float) -> None:
        """Begin nothing more, wait so long for work that is being paid for, and cancel the rest."""
        self._is_closed = True
        kept = {flight.task for flight in self._flying.values() if flight.request.is_kept}
        if kept:
            await asyncio.wait(kept, timeout=grace_seconds)
        flights = list(self._flying.values())
        for flight in flights:
            flight.cancel()
        for flight in flights:
            await flight.ended.wait()

    async def _waited(self, flight: _Flight, job_id: str) -> SpokenPhrase:
        """Wait for the result of work that is in progress.

        Raises:
            Exception: as the work does.
            _Ended: the work was cancelled, and not its caller.
        """
        flight.request.join(job_id)
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and not current.cancelling():
                raise _Ended from None
            raise
        finally:
            flight.request.leave(job_id)
            if not (flight.task.done() or flight.request.is_wanted or flight.request.is_kept):
                flight.cancel()

    def _begun(self, key: str, request: SpeechRequest, work: Work) -> _Flight:
        flight = self._flying[key] = _Flight(request, asyncio.ensure_future(work(request)))
        flight.task.add_done_callback(lambda task: self._ended(key, task))
        return flight

    def _ended(self, key: str, task: asyncio.Future[SpokenPhrase]) -> None:
        self._flying.pop(key).ended.set()
        error = None if task.cancelled() else task.exception()
        if error is not None:  # it is seen at least here
            _log.debug("a phrase was not spoken", reason=str(error))
