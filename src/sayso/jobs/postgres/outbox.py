"""Adding jobs to their queues: within a caller's transaction, or by themselves. See `sayso.jobs.outbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from sayso.jobs.outbox import EnqueuedJob
from sayso.jobs.postgres.statements import ENQUEUE, ENQUEUE_ALL, FIND_ENQUEUED
from sayso.postgres.listener import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sayso.jobs.outbox import NewJob
    from sayso.postgres.connections import Row
    from sayso.postgres.transactions import Transaction


class Fetch(Protocol):
    """Runs a statement and returns its rows."""

    async def __call__(self, statement: LiteralString, parameters: Mapping[str, Any], /) -> Sequence[Row]:
        """See `sayso.postgres.transactions.Transaction.fetch`."""
        ...


async def enqueue(transaction: Transaction, *jobs: NewJob) -> Sequence[EnqueuedJob]:
    """Enqueue jobs when a transaction commits, and notify their queues then.

    While another transaction adds a job with the same key, this waits for its end.

    Args:
        transaction: of the caller, in progress.
        jobs: the jobs; a queue delivers them in the order in which they were made.

    Returns:
        The result for each job, in order, unless the transaction is rolled back.

    Raises:
        InvalidInput: the database cannot store a body.
        ServiceUnavailable: the database does not answer.
    """
    enqueued = await insert(transaction.fetch, jobs)
    for job, result in zip(jobs, enqueued, strict=True):
        if result.is_new and not job.delay_seconds:
            transaction.notify(Channel.JOBS, job.queue)
    return enqueued


async def insert(fetch: Fetch, jobs: Sequence[NewJob]) -> Sequence[EnqueuedJob]:
    """Insert the rows of jobs, without a notification; see `enqueue`."""
    found: dict[UUID, UUID] = {}
    while missing := [job for job in jobs if job.job_id not in found]:
        if len(missing) == 1:
            rows = await fetch(ENQUEUE, _parameters(missing[0]))
        else:
            rows = await fetch(ENQUEUE_ALL, _all_parameters(missing))
        found |= {row["id"]: row["id"] for row in rows}
        if len(rows) < len(missing):
            # A separate statement sees what another transaction committed while the insert waited for it.
            rows = await fetch(FIND_ENQUEUED, _all_parameters(missing))
            found |= {row["wanted_id"]: row["id"] for row in rows}
        # If a job's key was used, and the earlier job was removed between the two statements, the job is inserted
        # again.
    return [EnqueuedJob(job_id=found[job.job_id], is_new=found[job.job_id] == job.job_id) for job in jobs]


def _parameters(job: NewJob) -> dict[str, Any]:
    return {"id": job.job_id, "queue": job.queue, "body": job.body, "key": job.key, "delay": job.delay_seconds}


def _all_parameters(jobs: Sequence[NewJob]) -> dict[str, Any]:
    return {
        "ids": [job.job_id for job in jobs],
        "queues": [job.queue for job in jobs],
        "bodies": [job.body for job in jobs],
        "keys": [job.key for job in jobs],
        "delays": [float(job.delay_seconds) for job in jobs],
    }
