"""All workers of a process, whichever roles they belong to, as one: they start, stop and answer together."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sayso.workers.service import total_backlog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.jobs import Backlog
    from sayso.workers.service import WorkerService


class WorkerGroup:
    """See the module; any thread may use it, as it may each `WorkerService`.

    Args:
        services: at least one.
    """

    def __init__(self, services: Sequence[WorkerService]) -> None:
        self._services = services

    def start(self) -> None:
        """Begin to work."""
        for service in self._services:
            service.start()

    def stop(self) -> None:
        """Take no more jobs; returns at once."""
        for service in self._services:
            service.stop()

    def hurry(self) -> None:
        """Release the jobs in hand now instead of letting them finish; returns at once."""
        for service in self._services:
            service.hurry()

    def join(self, timeout_seconds: float) -> bool:
        """Wait until the jobs in hand are finished or released, and return whether all are."""
        give_up_at = time.monotonic() + timeout_seconds
        have_ended = [service.join(give_up_at - time.monotonic()) for service in self._services]
        return all(have_ended)

    def trouble(self) -> str | None:
        """Why a service does not do its work, in a sentence; None while all do."""
        return next((trouble for service in self._services if (trouble := service.trouble()) is not None), None)

    def readiness(self) -> tuple[bool, str | None]:
        """Whether all have begun and go on, and why one does not where that is a fault."""
        states = [service.readiness() for service in self._services]
        reason = next((reason for _, reason in states if reason is not None), None)
        return all(works for works, _ in states), reason

    @property
    def has_begun(self) -> bool:
        """Whether every queue has answered: before that it is not known whether the workers can work."""
        return all(service.has_begun for service in self._services)

    def is_idle(self) -> bool:
        """Whether every queue is empty: no jobs wait, and none are in hand, here or in any other process."""
        return all(service.is_idle() for service in self._services)

    @property
    def last_backlogs(self) -> Mapping[str, Backlog]:
        """The last answer of each queue, by its name; nothing when it is out of date."""
        return {name: backlog for service in self._services for name, backlog in service.last_backlogs.items()}

    async def backlog(self) -> Backlog:
        """How much there is to do, over all queues of all services; from any loop.

        Raises:
            ServiceUnavailable: one does not say.
        """
        return total_backlog(await asyncio.gather(*(service.backlog() for service in self._services)))
