"""Cards jobs as a queue: rows of the application's table, taken by leases in Sayso's own database.

NOTIFY makes it fast, where the trigger is installed (`sayso.cards.postgres.install`), and polling makes it correct.
The body of a delivery is the id of its deck: phrases are read when a job begins, not while it waits.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from sayso.cards.postgres.claiming import Claiming
from sayso.cards.postgres.held import HeldLease, HeldLeases, Lease, lost
from sayso.cards.postgres.leases import Leases
from sayso.cards.postgres.rows import PostgresJobRows
from sayso.cards.postgres.sightings import Sightings
from sayso.cards.postgres.values import Ending
from sayso.cards.records import JobStatus
from sayso.errors import SaysoError
from sayso.jobs import LEASE_SECONDS
from sayso.jobs.base import Backlog, Delivery
from sayso.postgres.batcher import Batcher
from sayso.postgres.listener import Channel
from sayso.postgres.notifier import Notifier
from sayso.postgres.polling import NotifiedPolling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sayso.cards.postgres.application import Application
    from sayso.postgres.pool import Database

_log = structlog.get_logger(__name__)

_SHORTEST_POLL_SECONDS = 0.05

_REVOCATION_SECONDS = 1.0
"""How often the rows of the jobs in hand are looked at for a cancellation."""


class CardQueue:
    """See the module and `sayso.jobs.JobQueue`; belongs to the event loop of its databases.

    Args:
        application: the application's tables; the opener of its database closes that, after this.
        database: Sayso's own, which may be the same one; its opener closes it, after this.
        large_jobs: how many jobs with many phrases this process works on at once, at the most; None for no limit. A
            worker that takes one more job than that has a place for small ones.
        poll_seconds: how often the application's table is looked at without a notification.
        stuck_seconds: after how long without a change a job that another worker marked as ``processing`` is taken over.
        worker: the name of this worker, as administrators see it.
        lease_seconds: the length of a lease without a heartbeat.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        application: Application,
        database: Database,
        *,
        large_jobs: int | None = None,
        poll_seconds: float = 5.0,
        stuck_seconds: float = 600.0,
        worker: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._poll_seconds = poll_seconds
        self._leases = Leases(database, application.name, lease_seconds=lease_seconds)
        self._held = HeldLeases(lease_seconds=lease_seconds, clock=clock)
        self._claiming = Claiming(
            application,
            self._leases,
            Sightings(database, stuck_seconds=stuck_seconds),
            self._held,
            large_jobs=large_jobs,
            worker=worker or f"{socket.gethostname()}:{os.getpid()}",
            clock=clock,
        )
        self.rows = PostgresJobRows(application, self._leases, self._held)
        """The rows of the jobs that were received here."""
        self._arrivals = Notifier()
        self._polling = NotifiedPolling(self._arrivals, clock)
        self._extensions: Batcher[Delivery, HeldLease | None] = Batcher(self._extend_all)
        # Also by Sayso's own, which may be the same database by another address, without PgBouncer in between.
        listeners = {each.listener for each in (application.database, database) if each.listener is not None}
        self._ends = [listener.on(Channel.CARDS, self._on_job) for listener in listeners]

    def _on_job(self, schema: str) -> None:
        tables = self._application.known
        if not schema or tables is None or schema == tables.jobs.schema:
            self._arrivals.notify()

    # Receiving

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`.

        Raises:
            ResourceMissing: the application has no table of jobs (yet).
            InvalidInput: its tables cannot be used; the hint says what to do.
        """
        return await self._polling.find(lambda: self._claimed(limit), self._idle_seconds, wait_seconds)

    async def _idle_seconds(self) -> float:
        """The time until the next look at the table, unless a job is announced."""
        due = await self._leases.next_due_seconds()
        seconds = min(self._poll_seconds, self._claiming.sighting_seconds, self._poll_seconds if due is None else due)
        return max(seconds, _SHORTEST_POLL_SECONDS)

    async def _claimed(self, limit: int) -> list[Delivery]:
        claiming = asyncio.create_task(self._claiming.claim(limit))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(SaysoError):
                for delivery in await claiming:
                    await self.retry(delivery, delay_seconds=0)
            raise

    # Leases

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.heartbeat`; those that come at the same time share their statements."""
        held = await asyncio.gather(*map(self._extensions.add, deliveries))
        return [delivery for delivery, lease in zip(deliveries, held, strict=True) if lease is None]

    async def _extend_all(self, deliveries: Sequence[Delivery]) -> Sequence[HeldLease | None]:
        """Extend the leases that are not lost; those that are lost are forgotten, and None is in their place."""
        leases = {delivery.lease: Lease.of(delivery) for delivery in deliveries}
        seen = await self._application.look([lease.job_id for lease in leases.values()])
        wanted = {name: lease for name, lease in leases.items() if self._held.is_kept(lease, seen.get(lease.job_id))}
        extended = await self._leases.extend(wanted.values()) if wanted else set()
        held: dict[str, HeldLease] = {}
        for name, lease in wanted.items():
            if lease.lease_id in extended:
                held[name] = self._kept(lease, self._held.until(seen[lease.job_id].app_now))
        gone = [lease for name, lease in leases.items() if name not in held]
        self._held.remove([lease.name for lease in gone])
        # Also in the table: the application may set the job to pending again, and any worker may have it then.
        await self._leases.end(gone)
        return [held.get(delivery.lease) for delivery in deliveries]

    def _kept(self, lease: Lease, until: datetime) -> HeldLease:
        held = self._held.find(lease.name)
        if held is None:  # of another queue: an operator's, or one of a test
            return HeldLease(lease=lease, valid_until=until, is_large=False)
        self._held.extend(held, until)
        return held

    async def _confirmed(self, delivery: Delivery) -> HeldLease:
        held = await asyncio.shield(self._extensions.add(delivery))
        if held is None:
            raise lost(delivery.job_id)
        return held

    # The last word on a job

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`; a row that was not completed or failed before is completed, without results."""
        await self._end(delivery, Ending(status=JobStatus.COMPLETED, keeps_error=True))

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`: a row that was not failed before is failed with the reason."""
        await self._end(delivery, Ending(status=JobStatus.FAILED, error=reason))

    async def _end(self, delivery: Delivery, ending: Ending) -> None:
        held = self._held.find(delivery.lease)
        if held is None or not held.is_settled:
            held = await self._confirmed(delivery)
            if not await self._application.settle(held, ending):
                await self._forget(held)
                raise lost(delivery.job_id)
        await self._forget(held)

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`; the row is ``pending`` then, for any worker, also for one that is not Sayso's."""
        held = self._held.find(delivery.lease)
        if held is not None and held.is_settled:
            await self._forget(held)  # it is over, and only the last word was missing
            return
        held = await self._confirmed(delivery)
        if not await self._application.release(held):
            await self._forget(held)
            raise lost(delivery.job_id)
        is_released = await self._leases.release(held.lease, delay_seconds=delay_seconds, error=error)
        self._held.remove([delivery.lease])
        if not is_released:
            raise lost(delivery.job_id)
        if not delay_seconds:
            self._application.announce()

    async def _forget(self, held: HeldLease) -> None:
        self._held.remove([held.lease.name])
        await self._leases.end([held.lease])

    # Watching

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`; a job in ``processing`` counts as in flight, unless it has an expired lease."""
        row = await self._application.backlog()
        processing = row["processing"] or []
        expired = await self._leases.count_expired(processing) if processing else 0
        return Backlog(
            waiting=row["pending"] + expired,
            in_flight=len(processing) - expired,
            oldest_age_seconds=row["oldest_age_seconds"],
        )

    async def wait_for_revocation(self) -> None:
        """See `JobQueue.wait_for_revocation`: the rows of the jobs in hand are looked at."""
        while True:
            await asyncio.sleep(_REVOCATION_SECONDS)
            try:
                if await self._misses_some():
                    return
            except SaysoError as error:
                _log.debug("the jobs in hand were not looked at", reason=error.message)

    async def _misses_some(self) -> bool:
        held = list(self._held)
        if not held:
            return False
        seen = await self._application.look([each.lease.job_id for each in held])
        return any(
            self._held.find(each.lease.name) is not None
            and not self._held.is_kept(each.lease, seen.get(each.lease.job_id))
            for each in held
        )

    async def close(self) -> None:
        """See `JobQueue.close`; the connections are those of the databases."""
        for end in self._ends:
            end()
        await self._extensions.drain()
