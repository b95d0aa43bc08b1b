"""Jobs in a table of PostgreSQL: claimed in batches, by lease, without waiting for the locks of other workers.

NOTIFY makes it fast and polling makes it correct: a worker without notifications polls once a second, and when the next
delay or lease ends.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID, uuid4

from sayso.errors import LeaseLost, SaysoError, ServiceUnavailable
from sayso.jobs.base import Backlog, Delivery
from sayso.jobs.lease_times import LEASE_SECONDS
from sayso.jobs.outbox import NewJob
from sayso.jobs.postgres import statements
from sayso.jobs.postgres.outbox import insert
from sayso.postgres.batcher import Batcher
from sayso.postgres.connections import storable
from sayso.postgres.listener import Channel
from sayso.postgres.notifier import Notifier
from sayso.postgres.polling import NotifiedPolling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

_POLL_SECONDS = 1.0

_SHORTEST_POLL_SECONDS = 0.05
"""The time between polls while another worker is claiming a job that is due."""


class PostgresQueue:
    """See the module and `sayso.jobs.JobQueue`; belongs to the event loop of its database.

    Args:
        database: of the jobs; its opener closes it, after this.
        name: of the queue.
        worker: the name of this worker, as administrators see it.
        lease_seconds: the length of a lease without a heartbeat.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        worker: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._database = database
        self._worker = worker or f"{socket.gethostname()}:{os.getpid()}"
        self._lease_seconds = lease_seconds
        self._arrivals, self._revocations = Notifier(), Notifier()
        self._polling = NotifiedPolling(self._arrivals, clock)
        self._ends: list[Callable[[], None]] = []
        if database.listener is not None:
            self._ends.append(database.listener.on(Channel.JOBS, self._on_job))
            self._ends.append(database.listener.on(Channel.REVOKED, lambda _: self._revocations.notify()))
        self._finishes: Batcher[Delivery, bool] = Batcher(self._finish_all)
        self._unsettled: dict[str, Delivery] = {}
        """The delivered jobs that are not settled, by lease."""
        self._unanswered: set[UUID] = set()
        """Claims whose responses were lost: they may have succeeded."""

    async def _fetch(self, statement: LiteralString, about: Mapping[str, Any]) -> Sequence[Row]:
        return await self._database.fetch(statement, about, is_repeatable=True, is_prepared=True)

    def _on_job(self, queue: str) -> None:
        if queue in {self.name, ""}:
            self._arrivals.notify()

    async def enqueue(self, body: str, *, dedup_key: str | None = None, delay_seconds: float = 0) -> str:
        """Add a job, and return its id; that of the earlier job if the key was used before.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        job = NewJob(queue=self.name, body=body, key=dedup_key, delay_seconds=delay_seconds)
        (enqueued,) = await insert(self._fetch, [job])
        if not delay_seconds:
            self._database.notify(Channel.JOBS, self.name)
        return str(enqueued.job_id)

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`."""
        return await self._polling.find(lambda: self._claimed(limit), self._idle_seconds, wait_seconds)

    async def _idle_seconds(self) -> float:
        """The time until the next job is due, unless one is enqueued."""
        (row,) = await self._fetch(statements.NEXT, {"queue": self.name})
        seconds = _POLL_SECONDS if row["seconds"] is None else row["seconds"]
        return min(max(seconds, _SHORTEST_POLL_SECONDS), _POLL_SECONDS)

    async def _claimed(self, limit: int) -> list[Delivery]:
        claiming = asyncio.create_task(self._claim(limit))
        try:
            deliveries = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(SaysoError):
                for delivery in await claiming:
                    await self.retry(delivery, delay_seconds=0)
            raise
        self._unsettled |= {delivery.lease: delivery for delivery in deliveries}
        return deliveries

    async def _claim(self, limit: int) -> list[Delivery]:
        """Claim jobs: first those of earlier claims whose responses were lost."""
        about = {"queue": self.name, "limit": limit, "lease": self._lease_seconds, "worker": self._worker}

        async def claim() -> Sequence[Row]:
            unanswered, key = self._unanswered.copy(), uuid4()
            self._unanswered.add(key)
            rows: Sequence[Row] = []
            if unanswered:
                rows = await self._database.attempt(
                    statements.RECLAIM, {**about, "claim": key, "unanswered": list(unanswered)}
                )
            if len(rows) < limit:
                self._unanswered -= unanswered
            if not rows:
                rows = await self._database.attempt(statements.CLAIM, {**about, "claim": key}, is_prepared=True)
            self._unanswered.discard(key)
            return rows

        rows = await self._database.persist(claim)
        # An update returns rows in their physical order.
        return [_delivery(row) for row in sorted(rows, key=lambda row: (row["available_at"], row["id"]))]

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.heartbeat`."""
        about = {**_leases(deliveries), "lease": self._lease_seconds}
        held = {str(row["lease_id"]) for row in await self._fetch(statements.HEARTBEAT, about)}
        lost = [delivery for delivery in deliveries if delivery.lease not in held]
        for delivery in lost:
            self._unsettled.pop(delivery.lease, None)
        return lost

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`; jobs that are finished at the same time share a statement."""
        is_done = await asyncio.shield(self._finishes.add(delivery))
        self._unsettled.pop(delivery.lease, None)
        if not is_done:
            raise _lost(delivery)

    async def _finish_all(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        done = {str(row["lease_id"]) for row in await self._fetch(statements.FINISH, _leases(deliveries))}
        return [delivery.lease in done for delivery in deliveries]

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`."""
        about = {"delay": delay_seconds, "error": None if error is None else storable(error), "worker": self._worker}
        await self._end(delivery, statements.RETRY, about)
        if not delay_seconds:
            self._database.notify(Channel.JOBS, self.name)

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`."""
        await self._end(delivery, statements.DEAD_LETTER, {"error": storable(reason), "worker": self._worker})

    async def _end(self, delivery: Delivery, statement: Any, about: dict[str, Any]) -> None:
        about |= {"id": UUID(delivery.job_id), "lease_id": int(delivery.lease)}
        rows = await self._fetch(statement, about)
        self._unsettled.pop(delivery.lease, None)
        if not rows:
            raise _lost(delivery)

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job for good, also while a worker has it; False if it has ended, or does not exist."""
        rows = await self._fetch(statements.CANCEL, {"id": UUID(job_id)})
        self._database.notify(Channel.REVOKED)
        return bool(rows)

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`."""
        (row,) = await self._fetch(statements.BACKLOG, {"queue": self.name})
        return Backlog(**row)

    async def release_worker(self, worker: str) -> int:
        """End the leases of a worker that is known to be dead, with its claims on the tasks of its narrations.

        Returns:
            How many jobs it had; each counts as an attempt.
        """
        return len(await self._fetch(statements.RELEASE_WORKER, {"queue": self.name, "worker": worker}))

    async def wait_for_revocation(self) -> None:
        """See `JobQueue.wait_for_revocation`.

        Without notifications it checks once a second that no lease was lost.
        """
        seen = self._revocations.count
        while not await self._revocations.wait(seen, seconds=_POLL_SECONDS):
            is_receiving = self._database.listener is not None and self._database.listener.is_receiving
            if not is_receiving and await self._misses_some():
                return

    async def _misses_some(self) -> bool:
        deliveries = list(self._unsettled.values())
        if not deliveries:
            return False
        try:
            rows = await self._fetch(statements.HELD, _leases(deliveries))
        except ServiceUnavailable:
            return False
        held = {str(row["lease_id"]) for row in rows}
        return any(delivery.lease in self._unsettled and delivery.lease not in held for delivery in deliveries)

    async def close(self) -> None:
        """See `JobQueue.close`; the connections are the database's."""
        for end in self._ends:
            end()
        await self._finishes.drain()


def _leases(deliveries: Collection[Delivery]) -> dict[str, Any]:
    """The leases as parameters."""
    return {
        "ids": [UUID(delivery.job_id) for delivery in deliveries],
        "leases": [int(delivery.lease) for delivery in deliveries],
    }


def _delivery(row: Row) -> Delivery:
    return Delivery(
        job_id=str(row["id"]),
        lease=str(row["lease_id"]),
        body=row["body"],
        attempt=row["attempts"],
        age_seconds=row["age_seconds"],
        deliveries=row["attempts"],
        is_suspect=row["is_suspect"],
    )


def _lost(delivery: Delivery) -> LeaseLost:
    return LeaseLost(f"Job {delivery.job_id} was taken over or cancelled.")
