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


class _Flight:
    """The work on one key."""

    def __init__(self, request: SpeechRequest, task: asyncio.Task[SpokenPhrase]) -> None:
        self.request = request
        self.task = task
        self.is_ending = False


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
        job_id = request.job_id
        while (flight := self._flying.get(key)) is not None and flight.is_ending:
            await asyncio.wait({flight.task})
        if self._is_closed:
            raise Cancelled("The speaker is closed.")
        is_new = flight is None
        if flight is None:
            flight = self._begun(key, request, work)
        flight.request.join(job_id)
        try:
            spoken = await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and not current.cancelling():  # the work was cancelled, and not its caller
                raise Cancelled("The speaker is closed.") from None
            raise
        finally:
            flight.request.leave(job_id)
            if not (flight.task.done() or flight.request.is_wanted or flight.request.is_kept):
                flight.is_ending = True
                flight.task.cancel()
        return spoken if is_new else replace(spoken, is_cached=True)

    async def close(self, *, grace_seconds: float) -> None:
        """Begin nothing more, wait so long for work that is being paid for, and cancel the rest."""
        self._is_closed = True
        kept = {flight.task for flight in self._flying.values() if flight.request.is_kept}
        if kept:
            await asyncio.wait(kept, timeout=grace_seconds)
        tasks = {flight.task for flight in self._flying.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begun(self, key: str, request: SpeechRequest, work: Work) -> _Flight:
        async def run() -> SpokenPhrase:
            try:
                return await work(request)
            finally:
                del self._flying[key]

        flight = self._flying[key] = _Flight(request, asyncio.create_task(run()))
        flight.task.add_done_callback(_log_unwanted)
        return flight


def _log_unwanted(task: asyncio.Task[SpokenPhrase]) -> None:
    """An error that no job waits for is seen at least here."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.debug("a phrase was not spoken", reason=str(error))
