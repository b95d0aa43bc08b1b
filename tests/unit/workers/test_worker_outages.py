"""The worker: while its queue fails, or what jobs need is missing, it takes no jobs and goes on afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ResourceMissing, ServiceUnavailable
from sayso.testing import InMemoryQueue
from sayso.workers import Job, Worker
from support.jobs.workers import Recorder, quick, states, working
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sayso.jobs import Delivery


class FailingQueue(InMemoryQueue):
    """A queue that answers with an error until it is mended; with none at its first answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        if self.error is not None and self.jobs:
            raise self.error
        return await super().receive(limit, wait_seconds=min(wait_seconds, 0.01))

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        if self.error is not None:
            raise self.error
        return await super().heartbeat(deliveries)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ResourceMissing("There is no such queue."), "There is no such queue."),
        (InvalidInput("The queue is another's."), "The queue is another's."),
        (KeyError("Messages"), "KeyError: 'Messages'"),
    ],
)
async def test_no_answer_of_a_queue_ends_the_worker(error: Exception, reason: str) -> None:
    """It takes no jobs and says why, asks again, and works as soon as the queue is well."""

    queue, handler = FailingQueue(error), Recorder()
    async with working(queue, handler) as worker:
        assert worker.trouble is None
        await queue.enqueue("a")
        await until(lambda: worker.trouble == reason)
        assert handler.begun == []
        queue.error = None
        await until(lambda: states(queue) == {"done"})
        await until(lambda: worker.trouble is None)


async def test_a_fault_that_passes_is_no_trouble() -> None:
    """A queue that does not answer for a moment is not told of; one that goes on so is."""

    queue, now = FailingQueue(ServiceUnavailable("It is throttled.")), [0.0]
    await queue.enqueue("a")
    worker = Worker(queue, Recorder(), quick(), clock=lambda: now[0])
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop, grace_seconds=WAIT_SECONDS))
    await until(lambda: worker._outages.is_on)
    troubles = [worker.trouble]
    now[0] = 16.0
    assert [*troubles, worker.trouble] == [None, "It is throttled."]
    stop.set()
    await asyncio.wait_for(running, WAIT_SECONDS)


async def test_beats_that_are_refused_do_not_end_the_worker() -> None:
    """A queue that is deleted under a job costs the job at most, and the worker goes on."""

    queue, go_on = FailingQueue(ResourceMissing("There is no such queue.")), asyncio.Event()
    handler = Recorder(lambda _: go_on.wait())  # type: ignore[arg-type, return-value]
    queue.error = None
    await queue.enqueue("a")
    async with working(queue, handler, quick(heartbeat_seconds=0.01)):
        await until(lambda: handler.begun == ["a"])
        queue.error = ResourceMissing("There is no such queue.")
        await asyncio.sleep(0.1)
        queue.error = None
        go_on.set()
        await until(lambda: states(queue) == {"done"})


async def test_no_job_is_taken_before_what_it_needs_is_there() -> None:
    """Jobs wait in their queue, uncounted, for a bucket that is to be made, and after one that had to wait again."""
    is_there = False

    async def prepare() -> None:
        if not is_there:
            raise ResourceMissing("There is no bucket.")

    async def work(_job: Job) -> None:
        await prepare()

    queue, handler = InMemoryQueue(), Recorder(work)
    await queue.enqueue("a")
    async with working(queue, handler, prepare=prepare) as worker:
        await until(lambda: worker.trouble == "There is no bucket.")
        assert queue.jobs["1"].attempts == 0
        is_there = True
        await until(lambda: states(queue) == {"done"})
        is_there = False
        await queue.enqueue("b")
        await until(lambda: worker.trouble == "There is no bucket.")
        assert handler.begun == ["a", "b"]
        is_there = True
        await until(lambda: states(queue) == {"done"})


async def test_an_idle_worker_notices_that_its_storage_is_away() -> None:
    """What jobs need is looked for every minute, also while there are no jobs; and it goes on by itself."""
    now, is_there = [0.0], True

    async def prepare() -> None:
        if not is_there:
            raise ResourceMissing("There is no bucket.")

    class Impatient(InMemoryQueue):
        async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
            return await super().receive(limit, wait_seconds=min(wait_seconds, 0.01))

    worker = Worker(Impatient(), Recorder(), quick(), prepare=prepare, clock=lambda: now[0])
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop, grace_seconds=WAIT_SECONDS))
    await until(lambda: worker.has_answered)
    is_there = False
    now[0] = 59.0
    await asyncio.sleep(0.05)
    assert worker.trouble is None
    now[0] = 60.0
    await until(lambda: worker.trouble == "There is no bucket.")
    is_there = True
    await until(lambda: worker.trouble is None)
    stop.set()
    await asyncio.wait_for(running, WAIT_SECONDS)


async def test_the_first_answer_is_not_waited_for() -> None:
    """An empty queue says at once that it works, before the first long poll."""
    waits: list[float] = []

    class Watched(FailingQueue):
        async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
            waits.append(wait_seconds)
            return await super().receive(limit, wait_seconds=wait_seconds)

    queue = Watched(ServiceUnavailable("It is throttled."))
    async with working(queue, Recorder()) as worker:
        await until(lambda: len(waits) > 1)
        assert waits[:2] == [0, 20.0]
        assert worker.has_answered
