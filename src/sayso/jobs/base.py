"""The interfaces of job queues and task stores, and the leases that bind a job to one worker.

A *job* is a message on a queue. Receiving it gives a *lease*: the right to work on it for a time, which each
*heartbeat* extends (`sayso.jobs.lease_times`). A worker that dies sends no heartbeat, and the job is delivered again. A
*task* is the visible status of the work. Two workers may believe for a moment that they have the same job (one was
frozen, a message came twice), so a task is claimed too, and each claim has a larger lease id than those before: only
the holder of the largest can change it. Delivery is at least once; visible effects happen once.

All times are the clock of the queue or the database, never that of a worker.

Adapters are asynchronous and belong to the event loop that opened them. Their calls raise `ServiceUnavailable` when the
service does not answer within a few tries of their own; no vendor's exception crosses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A job as a queue delivers it.

    Attributes:
        job_id: the queue's name for the job, the same at each delivery.
        lease: the queue's name for this delivery; another at each.
        body: the message as it came.
        attempt: 1 at the first delivery; a worker that died counts, one that released the job does not.
        age_seconds: how long ago the job was enqueued.
        group: jobs of one group are worked on in order, one at a time; None for a job that stands alone.
        deliveries: how often it was delivered at all, as far as the queue can tell.
        releases: how often this process released it without an attempt, where the queue counts deliveries.
        is_suspect: whether the lease of an earlier delivery expired: its worker may have died of this very job.
    """

    job_id: str
    lease: str
    body: str
    attempt: int
    age_seconds: float
    group: str | None = None
    deliveries: int = 1
    releases: int = 0
    is_suspect: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """The amount of pending work, for autoscalers.

    Attributes:
        waiting: jobs without a lease, including those that wait for another attempt.
        in_flight: jobs with a lease.
        oldest_age_seconds: the age of the oldest of both; None when there is none, or the queue cannot tell.
    """

    waiting: int
    in_flight: int
    oldest_age_seconds: float | None


class JobQueue(Protocol):
    """A queue of jobs."""

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """Up to ``limit`` jobs, as soon as there is one; none after ``wait_seconds`` (or what the queue allows).

        When it is cancelled, jobs that it was about to return are released first, which may take a moment.
        """
        ...

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """Extend the leases of these deliveries to `LEASE_SECONDS` from now, and return those that are lost."""
        ...

    async def finish(self, delivery: Delivery) -> None:
        """Mark the job as done; it is never delivered again.

        Raises:
            LeaseLost: the job belongs to another worker, or was cancelled, if the queue can tell.
        """
        ...

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """Release the job, to be delivered again after a delay.

        Args:
            delivery: which.
            delay_seconds: 0 for no delay.
            error: why the attempt failed; None when it was not an attempt, which then is not counted.

        Raises:
            LeaseLost: as `finish`.
        """
        ...

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """Set the job aside with the reason, until an operator redrives it.

        Raises:
            LeaseLost: as `finish`.
        """
        ...

    async def backlog(self) -> Backlog:
        """The number and the age of the pending jobs."""
        ...

    async def wait_for_revocation(self) -> None:
        """Return when some lease may have been revoked: a hint to send a heartbeat now. May never return."""
        ...

    async def close(self) -> None:
        """Close connections; leases last until they expire."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right to change some tasks of one parent.

    Attributes:
        parent_id: whose tasks.
        lease_ids: for each task that was claimed, its lease id; larger at each claim of the task.
        attempt: which attempt of Sayso's this is, by the store's own count; None where the queue's is exact.
    """

    parent_id: str
    lease_ids: Mapping[str, int]
    attempt: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimHeldElsewhere:
    """Another worker works on the tasks now.

    Attributes:
        retry_after_seconds: when the lease ends, unless it is extended.
    """

    retry_after_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Every one of the tasks is completed.

    Attributes:
        media_urls: the result of each task.
    """

    media_urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskProgress:
    """The progress of a job.

    Attributes:
        share: of the whole, 0 to 1.
        audio_seconds: of audio made so far.
    """

    share: float
    audio_seconds: float


class TaskStore(Protocol):
    """The visible status of work: tasks, which belong to a parent.

    Claiming a task that is not in the store creates it. A completed task is never changed again. Claiming a failed one
    is a new attempt.
    """

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        """Claim the tasks that are not completed, if none of them has a lease: they are in progress then.

        Args:
            parent_id: whose tasks.
            task_ids: which; none for all tasks of a narration, in a store of narrations.

        Raises:
            LeaseLost: one was cancelled, which it stays.
        """
        ...

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """Extend the claim to `LEASE_SECONDS` from now, and store the progress of the work.

        Raises:
            LeaseLost: some task of the claim belongs to another worker, or was cancelled.
        """
        ...

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """Complete all tasks of the claim.

        Args:
            claim: the claim, which is spent then.
            media_urls: the result of each of its tasks.

        Raises:
            LeaseLost: as for `heartbeat`; tasks of other workers are unchanged.
        """
        ...

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        """Fail the tasks of the claim for good.

        Args:
            claim: the claim, which is spent then.
            error: why, for people.
            code: the kind of error, for programs; a store of another system's items keeps none.

        Raises:
            LeaseLost: as for `complete`.
        """
        ...

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:
        """Release the claim, so that the next one need not wait; a lost claim is no error.

        Args:
            claim: the claim, which is spent then.
            is_counted: whether it was an attempt, for a store that counts them.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
