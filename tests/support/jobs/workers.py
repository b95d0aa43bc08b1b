"""A worker, a handler that a test controls, and the outcomes of its jobs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sayso.resilience.retry_policies import RetryPolicy
from sayso.workers import Job, Outcome, Policy, Worker
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sayso.testing import InMemoryQueue
    from sayso.workers import Handler


AT_ONCE = RetryPolicy(first_seconds=0.0, longest_seconds=0.0)


def quick(**changes: Any) -> Policy:
    """A policy whose attempts follow one another at once, with the changes of a test."""
    soon = RetryPolicy(first_seconds=0.01, longest_seconds=0.01)
    return Policy(**{"retry": AT_ONCE, "receive_retry": soon} | changes)


class Recorder:
    """A handler that a test controls, and that records its calls."""

    def __init__(self, work: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.given_up: list[tuple[str, str]] = []
        self.codes: list[str | None] = []
        self.most_at_once = 0
        self._work = work
        self._now = 0

    async def work(self, job: Job) -> None:
        self.begun.append(job.delivery.body)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self._work is not None:
                await self._work(job)
        finally:
            self._now -= 1
        self.ended.append(job.delivery.body)

    async def give_up(self, job: Job, error: str) -> bool:
        self.given_up.append((job.delivery.body, error))
        self.codes.append(job.error_code)
        return False


class Outcomes(list[Outcome]):
    """The outcomes of the attempts, in order."""

    def __call__(self, outcome: Outcome, seconds: float) -> None:
        assert seconds >= 0
        self.append(outcome)


@asynccontextmanager
async def working(
    queue: InMemoryQueue,
    handler: Handler,
    policy: Policy | None = None,
    *,
    outcomes: Outcomes | None = None,
    grace_seconds: float = WAIT_SECONDS,
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Worker]:
    """A worker that is stopped, and drains, at the end of the block."""
    on_end = Outcomes() if outcomes is None else outcomes
    worker = Worker(queue, handler, policy or quick(), on_end=on_end, prepare=prepare)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop, grace_seconds=grace_seconds))
    try:
        yield worker
    finally:
        stop.set()
        await asyncio.wait_for(running, WAIT_SECONDS)


def states(queue: InMemoryQueue) -> set[str]:
    return {job.state for job in queue.jobs.values()}


async def wait_for_ever(_job: Job) -> None:
    await asyncio.Event().wait()
