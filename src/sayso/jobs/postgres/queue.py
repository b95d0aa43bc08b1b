"""Jobs in a table of Postgres: claimed in batches, by lease, without one worker waiting for another's locks.

NOTIFY makes it quick and polling makes it right: a worker that hears nothing looks once a second.
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import structlog

from sayso.errors import LeaseLost, SaysoError
from sayso.jobs.base import LEASE_SECONDS, Backlog, Delivery
from sayso.jobs.postgres import statements
from sayso.jobs.postgres.batches import Batches
from sayso.jobs.postgres.bell import Bell
from sayso.jobs.postgres.listener import Channel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sayso.jobs.postgres.database import Database, Row

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0


class PostgresQueue:
    """See the module and `sayso.jobs.JobQueue`; belongs to the event loop of its database.

    Args:
        database: where the jobs are; whoever opened it closes it, after this.
        name: of the queue.
        worker: who claims, as administrators see it.
        lease_seconds: how long a job is in hand without a beat.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        worker: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.name = name
        self._database = database
        self._worker = worker or f"{socket.gethostname()}:{os.getpid()}"
        self._lease_seconds = lease_seconds
        self._arrivals, self._revocations = Bell(), Bell()
        if database.listener is not None:
            database.listener.on(Channel.JOBS, self._on_job)
            database.listener.on(Channel.REVOKED, lambda _: self._revocations.ring())
        self._finishes: Batches[tuple[str, int], bool] = Batches(self._finish_all)

    async def _fetch(self, statement: LiteralString, about: Mapping[str, Any]) -> Sequence[Row]:
        return await self._database.fetch(statement, about, again=True)

    def _on_job(self, queue: str) -> None:
        if queue in {self.name, ""}:
            self._arrivals.ring()

    async def enqueue(self, body: str, *, dedup_key: str | None = None, delay_seconds: float = 0) -> str:
        """Add a job, and return its id: that of the one before, where the key was used before.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        about = {"id": new_job_id(), "queue": self.name, "body": body, "key": dedup_key, "delay": delay_seconds}
        rows = await self._fetch(statements.ENQUEUE, about)
        if not rows:  # its transaction was not over when ours looked, and is now
            rows = await self._fetch(statements.FIND_BY_KEY, about)
        if not delay_seconds:
            self._database.notify(Channel.JOBS, self.name)
        return str(rows[0]["id"])

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`."""
        give_up = time.monotonic() + wait_seconds
        while True:
            heard = self._arrivals.rings
            found = await self._claimed(limit)
            left_seconds = give_up - time.monotonic()
            if found or left_seconds <= 0:
                return found
            await self._arrivals.wait(heard, seconds=min(left_seconds, _POLL_SECONDS))

    async def _claimed(self, limit: int) -> list[Delivery]:
        claiming = asyncio.create_task(self._claim(limit))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(SaysoError):
                for delivery in await claiming:
                    await self.retry(delivery, delay_seconds=0)
            raise

    async def _claim(self, limit: int) -> list[Delivery]:
        about = {"queue": self.name, "limit": limit, "lease": self._lease_seconds, "worker": self._worker}
        return [_delivery(row) for row in await self._fetch(statements.CLAIM, about)]

    async def beat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.beat`."""
        about = {
            "ids": [UUID(delivery.job_id) for delivery in deliveries],
            "leases": [int(delivery.lease) for delivery in deliveries],
            "lease": self._lease_seconds,
        }
        held = {str(row["lease_id"]) for row in await self._fetch(statements.BEAT, about)}
        return [delivery for delivery in deliveries if delivery.lease not in held]

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`; what is finished at the same time shares a statement."""
        if not await asyncio.shield(self._finishes.add((delivery.job_id, int(delivery.lease)))):
            raise _lost(delivery)

    async def _finish_all(self, finished: Sequence[tuple[str, int]]) -> Sequence[bool]:
        about = {"ids": [UUID(job_id) for job_id, _ in finished], "leases": [lease for _, lease in finished]}
        done = {row["lease_id"] for row in await self._fetch(statements.FINISH, about)}
        return [lease in done for _, lease in finished]

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`."""
        about = {"delay": delay_seconds, "error": _storable(error), "worker": self._worker}
        await self._end(delivery, statements.RETRY, about)
        if not delay_seconds:
            self._database.notify(Channel.JOBS, self.name)

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`."""
        await self._end(delivery, statements.DEAD_LETTER, {"error": _storable(reason), "worker": self._worker})

    async def _end(self, delivery: Delivery, statement: Any, about: dict[str, Any]) -> None:
        about |= {"id": UUID(delivery.job_id), "lease_id": int(delivery.lease)}
        if not await self._fetch(statement, about):
            raise _lost(delivery)

    async def cancel(self, job_id: str) -> bool:
        """Take a job away from whoever has it, for ever; False where it has ended, or there is none."""
        rows = await self._fetch(statements.CANCEL, {"id": UUID(job_id)})
        self._database.notify(Channel.REVOKED)
        return bool(rows)

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`."""
        (row,) = await self._fetch(statements.BACKLOG, {"queue": self.name})
        return Backlog(**row)

    async def release_worker(self, worker: str) -> int:
        """End the leases of a worker that is known to be dead, and return how many it had; they count as attempts."""
        return len(await self._fetch(statements.RELEASE_WORKER, {"queue": self.name, "worker": worker}))

    async def revoked(self) -> None:
        """See `JobQueue.revoked`."""
        await self._revocations.wait(self._revocations.rings, seconds=math.inf)

    async def close(self) -> None:
        """See `JobQueue.close`; the connections are the database's."""
        await self._finishes.drain()


def new_job_id() -> UUID:
    """A UUID of version 7 (RFC 9562): the time in milliseconds, then chance, so that an index grows at its end."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0x3 << 62) | 2 << 62)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        job_id=str(row["id"]),
        lease=str(row["lease_id"]),
        body=row["body"],
        attempt=row["attempts"],
        age_seconds=row["age_seconds"],
    )


def _storable(text: str | None) -> str | None:
    """The text as Postgres takes it."""
    return None if text is None else text.replace("\0", "").encode(errors="replace").decode()


def _lost(delivery: Delivery) -> LeaseLost:
    return LeaseLost(f"Job {delivery.job_id} was taken over or cancelled.")
