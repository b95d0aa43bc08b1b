"""A job queue and a task store in memory, with an adjustable clock: the reference for all adapters."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.errors import LeaseLost
from sayso.jobs import LEASE_SECONDS, Backlog, Claim, ClaimHeldElsewhere, Delivery, Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sayso.jobs import TaskProgress

_LOOK_SECONDS = 0.01
"""How long a receiver waits between polls; the clock may be set meanwhile."""


@dataclass(kw_only=True, slots=True)
class MemoryJob:
    """A job in memory; tests read its state.

    Attributes:
        number: its name and its place in the order.
        body: the message.
        group: jobs of a group are delivered one at a time; None for no group.
        enqueued: when.
        available: when it may be delivered.
        attempts: how many deliveries counted.
        lease: of the last delivery; None when the job is not leased.
        lease_until: when that lease ends.
        is_suspect: whether a lease has expired without a report.
        state: ``open``, ``done``, ``dead`` or ``cancelled``.
        errors: why attempts failed, in order; the last one is why it was dead-lettered.
    """

    number: int
    body: str
    group: str | None
    enqueued: float
    available: float
    attempts: int = 0
    lease: str | None = None
    lease_until: float = 0.0
    is_suspect: bool = False
    state: str = "open"
    errors: list[str] = field(default_factory=list)


class InMemoryQueue:
    """See `sayso.jobs.JobQueue`; for one event loop.

    Args:
        lease_seconds: the length of a lease without a heartbeat.
        clock: seconds.
    """

    def __init__(self, *, lease_seconds: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self.jobs: dict[str, MemoryJob] = {}
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._numbers = itertools.count(1)
        self._revocations = asyncio.Event()

    async def enqueue(self, body: str, *, group: str | None = None) -> str:
        """Add a job, and return its name."""
        number = next(self._numbers)
        now = self._clock()
        self.jobs[str(number)] = MemoryJob(number=number, body=body, group=group, enqueued=now, available=now)
        return str(number)

    async def cancel(self, job_id: str) -> None:
        """Cancel the job; its worker loses the lease."""
        self.jobs[job_id].state = "cancelled"
        self.jobs[job_id].lease = None
        self._revocations.set()

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`."""
        give_up = time.monotonic() + wait_seconds
        while not (found := self._claim(limit)) and time.monotonic() < give_up:  # noqa: ASYNC110 -- time may be set
            await asyncio.sleep(_LOOK_SECONDS)
        return found

    def _claim(self, limit: int) -> list[Delivery]:
        now = self._clock()
        found: list[Delivery] = []
        busy = {job.group for job in self._open() if job.group is not None and self._is_held(job, now)}
        for job in sorted(self._open(), key=lambda job: job.number):
            if len(found) == limit:
                break
            if self._is_held(job, now) or job.group in busy:
                continue
            if job.available > now:
                if job.group is not None:
                    busy.add(job.group)  # a group's jobs are delivered in order
                continue
            job.attempts += 1
            job.is_suspect = job.is_suspect or job.lease is not None
            job.lease = f"{job.number}-{next(self._numbers)}"
            job.lease_until = now + self._lease_seconds
            found.append(self._delivery(job, now))
        return found

    def _delivery(self, job: MemoryJob, now: float) -> Delivery:
        return Delivery(
            job_id=str(job.number),
            lease=job.lease or "",
            body=job.body,
            attempt=job.attempts,
            age_seconds=now - job.enqueued,
            group=job.group,
            deliveries=job.attempts,
            is_suspect=job.is_suspect,
        )

    def _open(self) -> Iterable[MemoryJob]:
        return (job for job in self.jobs.values() if job.state == "open")

    @staticmethod
    def _is_held(job: MemoryJob, now: float) -> bool:
        return job.lease is not None and job.lease_until > now

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.heartbeat`."""
        lost = []
        for delivery in deliveries:
            try:
                self._held(delivery).lease_until = self._clock() + self._lease_seconds
            except LeaseLost:
                lost.append(delivery)
        return lost

    def _held(self, delivery: Delivery) -> MemoryJob:
        job = self.jobs[delivery.job_id]
        if job.lease != delivery.lease:
            raise LeaseLost(f"Job {delivery.job_id} is leased by another worker.")
        return job

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`."""
        job = self._held(delivery)
        job.state, job.lease = "done", None

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`."""
        job = self._held(delivery)
        job.lease, job.available = None, self._clock() + delay_seconds
        if error is None:
            job.attempts -= 1
        else:
            job.errors.append(error)

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`."""
        job = self._held(delivery)
        job.state, job.lease = "dead", None
        job.errors.append(reason)

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`."""
        now = self._clock()
        counts = Counter(self._is_held(job, now) for job in self._open())
        ages = [now - job.enqueued for job in self._open()]
        return Backlog(waiting=counts[False], in_flight=counts[True], oldest_age_seconds=max(ages, default=None))

    async def wait_for_revocation(self) -> None:
        """See `JobQueue.wait_for_revocation`."""
        await self._revocations.wait()
        self._revocations.clear()

    async def close(self) -> None:
        """See `JobQueue.close`."""


@dataclass(kw_only=True, slots=True)
class MemoryTask:
    """A task in memory."""

    status: str = "IN_PROGRESS"
    media_url: str | None = None
    error: str | None = None
    error_code: str | None = None
    progress: TaskProgress | None = None
    lease_id: int = 0
    lease_until: float = 0.0


class InMemoryTaskStore:
    """See `sayso.jobs.TaskStore`; for one event loop.

    Args:
        lease_seconds: the length of a claim without a heartbeat.
        clock: seconds.
    """

    def __init__(self, *, lease_seconds: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self.tasks: dict[tuple[str, str], MemoryTask] = {}
        self._lease_seconds = lease_seconds
        self._clock = clock

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        """See `TaskStore.claim`."""
        wanted = task_ids or [task_id for known, task_id in self.tasks if known == parent_id]
        tasks = {task_id: self.tasks.setdefault((parent_id, task_id), MemoryTask()) for task_id in wanted}
        unfinished = {task_id: task for task_id, task in tasks.items() if task.status != "COMPLETED"}
        if not unfinished:
            return Finished(media_urls={task_id: task.media_url or "" for task_id, task in tasks.items()})
        now = self._clock()
        held_until = max(task.lease_until for task in unfinished.values())
        if held_until > now:
            return ClaimHeldElsewhere(retry_after_seconds=held_until - now)
        for task in unfinished.values():
            task.status, task.lease_id, task.lease_until = "IN_PROGRESS", task.lease_id + 1, now + self._lease_seconds
        return Claim(parent_id=parent_id, lease_ids={task_id: task.lease_id for task_id, task in unfinished.items()})

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """See `TaskStore.heartbeat`."""
        for task in self._held(claim).values():
            task.lease_until = self._clock() + self._lease_seconds
            task.progress = progress or task.progress

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """See `TaskStore.complete`."""
        for task_id, task in self._held(claim).items():
            task.status, task.media_url, task.lease_until = "COMPLETED", media_urls[task_id], 0.0

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        """See `TaskStore.fail`."""
        for task in self._held(claim).values():
            task.status, task.error, task.error_code, task.lease_until = "FAILED", error, code, 0.0

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:  # noqa: ARG002
        """See `TaskStore.release`."""
        for task_id, lease_id in claim.lease_ids.items():
            task = self.tasks[claim.parent_id, task_id]
            if task.lease_id == lease_id and task.status == "IN_PROGRESS":
                task.lease_until = 0.0

    def _held(self, claim: Claim) -> dict[str, MemoryTask]:
        tasks = {task_id: self.tasks[claim.parent_id, task_id] for task_id in claim.lease_ids}
        if any(
            task.lease_id != claim.lease_ids[task_id] or task.status != "IN_PROGRESS" for task_id, task in tasks.items()
        ):
            raise LeaseLost(f"Tasks of {claim.parent_id!r} are claimed by another worker.")
        return tasks

    async def close(self) -> None:
        """See `TaskStore.close`."""
