"""Events of the bucket as jobs of a queue: each is understood, acted upon, and finished, or dead-lettered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Busy, Cancelled, InvalidInput, LeaseLost, OutputFailed, SaysoError, ServiceUnavailable
from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.events.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.modelsync.records import ObjectEvent
    from sayso.modelsync.service.requests import Applied
    from sayso.modelsync.service.service import ModelSync
    from sayso.workers import Job

_log = structlog.get_logger(__name__)


class EventHandler:
    """The `Handler` of the queue of events.

    Args:
        sync: acts on events; those that come together cost one look at each key.
        bucket: events of others are ignored; None if its name is not known, because an access point is read.
        prefix: events of other keys are ignored.
        on_message: called with whether a message succeeded, its age when it came, and how long it took, in seconds.
        on_lag: called with how many seconds ago a change was made that is on the volume now.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        sync: ModelSync,
        *,
        bucket: str | None,
        prefix: str = "",
        on_message: Callable[[bool, float, float], None] = lambda _is_done, _age, _seconds: None,
        on_lag: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sync = sync
        self._bucket = bucket
        self._prefix = prefix
        self._on_message = on_message
        self._on_lag = on_lag
        self._clock = clock

    async def work(self, job: Job) -> None:
        """See `Handler.work`.

        Raises:
            InvalidInput: the message, or a part of it, cannot be understood; the rest of it was acted upon.
            ServiceUnavailable: the bucket does not answer, or another process has the volume.
            Busy: the service is stopping; another process takes the event at once.
            SaysoError: a file could not be changed.
        """
        began = self._clock()
        is_done = False
        try:
            await self._act(job.delivery.body)
            is_done = True
        finally:
            self._on_message(is_done, job.delivery.age_seconds, self._clock() - began)

    async def give_up(self, job: Job, error: str) -> bool:  # noqa: ARG002 -- the Protocol's
        """See `Handler.give_up`: there is nothing to record; the next reconciliation looks at the key again."""
        return False

    async def _applied(self, events: Sequence[ObjectEvent]) -> Applied:
        try:
            applied = await asyncio.wrap_future(self._sync.apply(events))
        except (Cancelled, LeaseLost, ServiceUnavailable) as error:
            if self._sync.is_stopping:
                raise Busy("The service is stopping.", retry_after_seconds=0.0) from error
            raise ServiceUnavailable(error.message, hint=error.hint) from error
        except OutputFailed as error:
            raise _passing(error) from error
        return replace(applied, failed={key: _passing(error) for key, error in applied.failed.items()})

    async def _act(self, body: str) -> None:
        decoded = decode(body, bucket=self._bucket)
        if decoded.ignored:
            _log.info("records of a message are ignored", reasons=dict(decoded.ignored))
        events = [event for event in decoded.events if event.key.startswith(self._prefix)]
        if events:
            applied = await self._applied(events)
            for event in events:
                is_there = event.key not in applied.failed and event.key not in applied.later
                if is_there and event.occurred_at is not None:
                    self._on_lag(self._clock() - event.occurred_at.timestamp())
            if applied.failed:
                raise _worst(applied.failed)
        if decoded.problems:
            raise InvalidInput(f"The event cannot be understood: {'; '.join(decoded.problems)}.")


def _passing(error: SaysoError) -> SaysoError:
    """The error with which an event waits, where the volume fails as a whole: no event is lost by a full disk."""
    if isinstance(error, OutputFailed) and not isinstance(error, PathBlocked):
        return ServiceUnavailable(error.message, hint=error.hint)
    return error


def _worst(failed: Mapping[str, SaysoError]) -> SaysoError:
    """The error that decides what becomes of the message: one that may pass, if there is one."""
    errors = list(failed.values())
    passing = [error for error in errors if isinstance(error, ServiceUnavailable)]
    retryable = [error for error in errors if error.retryable]
    return (passing or retryable or errors)[0]
