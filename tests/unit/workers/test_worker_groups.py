"""The worker: the jobs of a group are done in their order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sayso.errors import EngineFailed, SourceFailed
from sayso.testing import InMemoryQueue
from support.jobs.workers import Recorder, quick, states, working
from support.waiting import until

if TYPE_CHECKING:
    from sayso.jobs import Delivery
    from sayso.workers import Job


class EagerQueue(InMemoryQueue):
    """A queue that hands out a group's jobs together, as SQS does."""

    async def receive(self, limit: int, *, wait_seconds: float) -> list[Delivery]:
        group = [job for job in self.jobs.values() if job.state == "open"]
        if not group or any(job.lease is not None for job in group):
            await asyncio.sleep(min(wait_seconds, 0.01))
            return []
        for job in group[:limit]:
            job.attempts += 1
            job.lease, job.lease_until = f"{job.number} {job.attempts}", self._clock() + 30
        return [self._delivery(job, self._clock()) for job in group[:limit]]


async def test_a_group_is_done_in_order_one_at_a_time() -> None:
    """Jobs of one group that come together are begun one after the other."""

    queue, handler = EagerQueue(), Recorder(lambda _: asyncio.sleep(0.001))
    for body in "abcd":
        await queue.enqueue(body, group="g")
    async with working(queue, handler, quick(at_once=4)):
        await until(lambda: states(queue) == {"done"})
    assert handler.begun == list("abcd")
    assert handler.most_at_once == 1


async def test_after_a_failure_the_rest_of_a_group_is_handed_back() -> None:
    """What follows a job that must be tried again waits for it, so the order is kept."""
    failures = iter([EngineFailed("not now"), None])

    async def fail_once(job: Job) -> None:
        if job.delivery.body == "a" and next(failures) is not None:
            raise SourceFailed("not now")

    queue, handler = EagerQueue(), Recorder(fail_once)
    for body in "abc":
        await queue.enqueue(body, group="g")
    async with working(queue, handler, quick(at_once=3)):
        await until(lambda: states(queue) == {"done"})
    assert handler.begun == ["a", "a", "b", "c"]
    assert [job.attempts for job in queue.jobs.values()] == [2, 1, 1]
