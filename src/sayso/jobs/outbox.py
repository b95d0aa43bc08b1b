"""Jobs that are enqueued together with other changes of a database, in the same transaction.

A service that records a request and enqueues the work in two steps loses the work when it dies between them, or works
on a request that was never recorded. `sayso.jobs.postgres.outbox.enqueue` adds jobs within the transaction of the
caller: there is a job if, and only if, the transaction commits. Then its queue is notified.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from uuid import UUID


def new_job_id() -> UUID:
    """A UUID of version 7 (RFC 9562): the time, so that an index grows at its end, and then random bits.

    The time is in milliseconds and, by method 3 of the RFC, 4096ths of one: jobs of one process are in their order.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A job to be enqueued. Enqueuing the same object twice adds one job, so that a transaction may be retried.

    Attributes:
        queue: the name of its queue.
        body: the message.
        key: of all jobs of a queue with the same key, only the first is added; None for no such limit.
        delay_seconds: how long it waits before it can be delivered.
        job_id: its name; larger than those of jobs that were made before.
    """

    queue: str
    body: str
    key: str | None = None
    delay_seconds: float = 0.0
    job_id: UUID = field(default_factory=new_job_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnqueuedJob:
    """The result of enqueuing a `NewJob`.

    Attributes:
        job_id: the job's name; that of the earlier job if the key was used before.
        is_new: whether the job was added, by this call or by an earlier one with the same object.
    """

    job_id: UUID
    is_new: bool
