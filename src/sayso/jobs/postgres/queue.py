"""Jobs in a table of Postgres: claimed in batches, by lease, without one worker waiting for another's locks.

NOTIFY makes it quick and polling makes it right: a worker that hears nothing looks once a second.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from sayso.errors import LeaseLost, SaysoError
from sayso.jobs.base import LEASE_SECONDS, Backlog, Delivery
from sayso.jobs.postgres import statements
from sayso.jobs.postgres.batches import Batches

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sayso.jobs.postgres.database import Database, Row
    from sayso.jobs.postgres.hints import Hints

_log = structlog.get_logger(__name__)

JOBS_CHANNEL = "sayso_jobs"
REVOKED_CHANNEL = "sayso_revoked"

_POLL_SECONDS = 1.0


class PostgresQueue:
    """See the module and `sayso.jobs.JobQueue`; belongs to the event loop of its database.

    Args:
        database: where the jobs are; whoever opened it closes it, after this.
        name: of the queue.
        hints: what wakes it; None where NOTIFY does not come through.
        worker: who claims, as administrators see it.
        lease_seconds: how long a job is in hand without a beat.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        hints: Hints | None = None,
        worker: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.name = name
        self._database = database
        self._hints = hints
        self._worker = worker or f"{socket.gethostname()}:{os.getpid()}"
        self._lease_seconds = lease_seconds
        self._finishes: Batches[tuple[str, int], bool] = Batches(self._finish_all)
        self._notices: Batches[str, None] = Batches(self._notify_all)

    async def enqueue(self, body: str, *, dedup_key: str | None = None, delay_seconds: float = 0) -> str:
        """Add a job, and return its id: that of the one before, where the key was used before.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        about = {"id": new_job_id(), "queue": self.name, "body": body, "key": dedup_key, "delay": delay_seconds}
        rows = await self._database.rows(statements.ENQUEUE, about)
        if not rows:  # its transaction was not over when ours looked, and is now
            rows = await self._database.rows(statements.FIND_BY_KEY, about)
        if self._hints is not None and not delay_seconds:
            self._notices.add_soon(JOBS_CHANNEL)
        return str(rows[0][0])

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`."""
        give_up = time.monotonic() + wait_seconds
        while True:
            heard = None if self._hints is None else self._hints.next(JOBS_CHANNEL)
            found = await self._claimed(limit)
            left_seconds = give_up - time.monotonic()
            if found or left_seconds <= 0:
                return found
            await _first(heard, min(left_seconds, _POLL_SECONDS))

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
        return [_delivery(row) for row in await self._database.rows(statements.CLAIM, about)]

    async def beat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.beat`."""
        about = {
            "ids": [UUID(delivery.job_id) for delivery in deliveries],
            "leases": [int(delivery.lease) for delivery in deliveries],
            "lease": self._lease_seconds,
        }
        held = {str(row[0]) for row in await self._database.rows(statements.BEAT, about)}
        return [delivery for delivery in deliveries if delivery.lease not in held]

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`; what is finished at the same time shares a statement."""
        if not await self._finishes.add((delivery.job_id, int(delivery.lease))):
            raise _lost(delivery)

    async def _finish_all(self, finished: Sequence[tuple[str, int]]) -> Sequence[bool]:
        about = {"ids": [UUID(job_id) for job_id, _ in finished], "leases": [lease for _, lease in finished]}
        done = {row[0] for row in await self._database.rows(statements.FINISH, about)}
        return [lease in done for _, lease in finished]

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`."""
        about = {"delay": delay_seconds, "error": _storable(error), "worker": self._worker}
        await self._end(delivery, statements.RETRY, about)
        if self._hints is not None and not delay_seconds:
            self._notices.add_soon(JOBS_CHANNEL)

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`."""
        await self._end(delivery, statements.DEAD_LETTER, {"error": _storable(reason), "worker": self._worker})

    async def _end(self, delivery: Delivery, statement: Any, about: dict[str, Any]) -> None:
        about |= {"id": UUID(delivery.job_id), "lease_id": int(delivery.lease)}
        if not await self._database.rows(statement, about):
            raise _lost(delivery)

    async def cancel(self, job_id: str) -> bool:
        """Take a job away from whoever has it, for ever; False where it has ended, or there is none."""
        rows = await self._database.rows(statements.CANCEL, {"id": UUID(job_id), "channel": REVOKED_CHANNEL})
        return bool(rows)

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`."""
        ((waiting, in_flight, age),) = await self._database.rows(statements.BACKLOG, {"queue": self.name})
        return Backlog(waiting=waiting, in_flight=in_flight, oldest_age_seconds=age)

    async def release_worker(self, worker: str) -> int:
        """End the leases of a worker that is known to be dead, and return how many it had; they count as attempts."""
        return len(await self._database.rows(statements.RELEASE_WORKER, {"queue": self.name, "worker": worker}))

    async def revoked(self) -> None:
        """See `JobQueue.revoked`."""
        if self._hints is None:
            await asyncio.Event().wait()
        else:
            await self._hints.next(REVOKED_CHANNEL).wait()

    async def close(self) -> None:
        """See `JobQueue.close`; the connections are the database's."""
        await self._notices.close()
        await self._finishes.close()

    async def _notify_all(self, channels: Sequence[str]) -> Sequence[None]:
        """Wake those who listen, once for all jobs that came meanwhile.

        It is a transaction of its own: NOTIFY in that of a job would have all commits of the database wait in line.
        """
        for channel in set(channels):
            with suppress(SaysoError):  # they look by themselves
                await self._database.rows(statements.NOTIFY, {"channel": channel})
        return [None] * len(channels)


def new_job_id() -> UUID:
    """A UUID of version 7 (RFC 9562): the time in milliseconds, then chance, so that an index grows at its end."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0x3 << 62) | 2 << 62)


def _delivery(row: Row) -> Delivery:
    job_id, lease_id, body, attempts, age_seconds = row
    return Delivery(
        job_id=str(job_id), lease=str(lease_id), body=body, attempt=attempts, age_seconds=float(age_seconds)
    )


def _storable(text: str | None) -> str | None:
    """The text as Postgres takes it."""
    return None if text is None else text.replace("\0", "").encode(errors="replace").decode()


def _lost(delivery: Delivery) -> LeaseLost:
    return LeaseLost(f"Job {delivery.job_id} was taken over or cancelled.")


async def _first(heard: asyncio.Event | None, seconds: float) -> None:
    """Wait until something is heard, or so long."""
    if heard is None:
        await asyncio.sleep(seconds)
    else:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await heard.wait()
