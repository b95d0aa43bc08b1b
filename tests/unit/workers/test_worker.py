"""The worker: every job is done, retried or put aside, and a group in its order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog

from sayso.errors import (
    Busy,
    EngineFailed,
    FetchFailed,
    InvalidInput,
    OutputFailed,
    ResourceMissing,
    ServiceUnavailable,
    SourceFailed,
)
from sayso.testing import InMemoryQueue
from sayso.workers import Job, Outcome, Policy, Worker
from sayso.workers.attempts import Attempts
from support.jobs.workers import Outcomes, Recorder, quick, states, working
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sayso.jobs import Delivery


async def test_every_job_is_done_once_and_no_more_at_once_than_allowed() -> None:
    """Fifty jobs are each begun once, at most four of them at the same time, and finished."""

    queue, handler, outcomes = InMemoryQueue(), Recorder(lambda _: asyncio.sleep(0)), Outcomes()
    bodies = [await queue.enqueue(f"job {number}") for number in range(50)]
    async with working(queue, handler, quick(at_once=4), outcomes=outcomes):
        await until(lambda: states(queue) == {"done"})
    assert len(handler.begun) == len(set(handler.begun)) == len(bodies)
    assert handler.most_at_once == 4
    assert outcomes == [Outcome.DONE] * 50


async def test_what_may_succeed_later_is_tried_again_and_then_put_aside() -> None:
    """A job is tried as often as the policy says; then its owner is told, and it is kept with the reasons."""

    async def fail(_job: Job) -> None:
        raise SourceFailed("the source was down")

    queue, handler, outcomes = InMemoryQueue(), Recorder(fail), Outcomes()
    await queue.enqueue("a")
    async with working(queue, handler, quick(max_attempts=3), outcomes=outcomes):
        await until(lambda: states(queue) == {"dead"})
    assert handler.begun == ["a"] * 3
    assert handler.given_up == [("a", "the source was down")]
    assert queue.jobs["1"].errors == ["the source was down"] * 3
    assert outcomes == [Outcome.RETRIED, Outcome.RETRIED, Outcome.DEAD_LETTERED]


@pytest.mark.parametrize("error", [InvalidInput("no such voice"), OutputFailed("no such bucket")])
async def test_what_can_never_succeed_is_put_aside_at_once(error: Exception) -> None:
    """A mistake of whoever sent the job is not tried again."""

    async def fail(_job: Job) -> None:
        raise error

    queue, handler = InMemoryQueue(), Recorder(fail)
    await queue.enqueue("a")
    async with working(queue, handler):
        await until(lambda: states(queue) == {"dead"})
    assert handler.begun == ["a"]


async def test_a_handler_that_breaks_fails_its_job_and_nothing_else() -> None:
    """Any exception counts as a failed attempt, whose reason does not repeat it; the worker goes on."""

    async def fail(job: Job) -> None:
        if job.delivery.body == "a":
            raise ZeroDivisionError("in site-packages")

    queue, handler = InMemoryQueue(), Recorder(fail)
    await queue.enqueue("a")
    await queue.enqueue("b")
    async with working(queue, handler, quick(max_attempts=2)):
        await until(lambda: states(queue) == {"dead", "done"})
    assert queue.jobs["1"].errors == ["Sayso failed unexpectedly (ZeroDivisionError); the worker's log says why."] * 2


async def test_a_failed_job_s_reason_names_no_file_of_the_worker() -> None:
    """Readers of a job's reason need not be those who run its worker: they are told the reason without the file."""

    async def fail(job: Job) -> None:
        if job.delivery.body == "disk":
            raise OutputFailed("Cannot write /var/lib/work: No space left on device.") from OSError(28, "No space left")
        raise EngineFailed("onnxruntime failed on /opt/models/kokoro.onnx")

    queue, handler = InMemoryQueue(), Recorder(fail)
    await queue.enqueue("disk")
    await queue.enqueue("engine")
    async with working(queue, handler, quick(max_attempts=1)):
        await until(lambda: states(queue) == {"dead"})
    assert [queue.jobs[name].errors for name in ("1", "2")] == [
        ["The server could not write a file: No space left."],
        ["The engine failed on this input; the server's log says why."],
    ]


async def test_a_pause_that_somebody_asks_for_is_kept() -> None:
    """A job that failed at a host that is busy is not tried again before the time that the host named."""

    async def fail(_job: Job) -> None:
        raise FetchFailed("The URL answers with status 503.", retry_after_seconds=120)

    now = [0.0]
    queue, handler = InMemoryQueue(clock=lambda: now[0]), Recorder(fail)
    await queue.enqueue("a")
    async with working(queue, handler):
        await until(lambda: queue.jobs["1"].errors != [])
        assert queue.jobs["1"].available == 120


async def test_an_outage_is_no_attempt() -> None:
    """What a job needs may be down for longer than the attempts would last."""
    tries = 0

    async def fail(_job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise ServiceUnavailable("the storage does not answer")

    queue = InMemoryQueue()
    await queue.enqueue("a")
    async with working(queue, Recorder(fail), quick(max_attempts=2)):
        await until(lambda: states(queue) == {"done"})
    assert tries == 10


@pytest.mark.parametrize(("releases", "seconds"), [(0, 60), (1, 120), (3, 480), (50, 3600)])
async def test_a_job_that_cannot_begin_yet_comes_back_later_and_later(releases: int, seconds: float) -> None:
    """Its queue may count each delivery, and would dead-letter it after some; deliveries to others do not matter."""

    async def busy(_job: Job) -> None:
        raise Busy("there is no room", retry_after_seconds=60)

    now = [0.0]
    queue = InMemoryQueue(clock=lambda: now[0])
    await queue.enqueue("a")
    (delivery,) = await queue.receive(1, wait_seconds=0)
    job = Job(delivery=replace(delivery, deliveries=9, releases=releases), queue=queue, max_attempts=5)
    assert await Attempts(queue, Recorder(busy), quick(), lambda: now[0]).make(job, lambda: None) == Outcome.RELEASED
    assert queue.jobs["1"].available == seconds


async def test_an_outage_is_no_longer_for_a_job_that_others_received_before() -> None:
    """The pause grows with this process's own releases."""

    async def fail(_job: Job) -> None:
        raise ServiceUnavailable("the storage does not answer")

    queue = InMemoryQueue(clock=lambda: 0.0)
    await queue.enqueue("a")
    (delivery,) = await queue.receive(1, wait_seconds=0)
    job = Job(delivery=replace(delivery, deliveries=9), queue=queue, max_attempts=5)
    await Attempts(queue, Recorder(fail), Policy(), lambda: 0.0).make(job, lambda: None)
    assert queue.jobs["1"].available == pytest.approx(24, abs=8)


async def test_a_job_that_cannot_begin_yet_is_no_attempt() -> None:
    """A handler that is busy has the job back later, as often as it takes, and each time the log says why."""
    tries = 0

    async def busy(_job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise Busy("somebody else does it", retry_after_seconds=0)

    with structlog.testing.capture_logs() as logs:
        queue = InMemoryQueue()
        await queue.enqueue("a")
        async with working(queue, Recorder(busy), quick(max_attempts=1)):
            await until(lambda: states(queue) == {"done"})
    released = [entry for entry in logs if entry["event"] == "the job is released until later"]
    assert [entry["reason"] for entry in released] == ["somebody else does it"] * 9


async def test_a_job_whose_workers_died_is_put_aside_unread() -> None:
    """Crashes count: after as many as there are attempts the job is not begun again."""

    queue, handler = InMemoryQueue(lease_seconds=0), Recorder()
    await queue.enqueue("a")
    for _ in range(3):
        await queue.receive(1, wait_seconds=0)
    queue._lease_seconds = 30
    async with working(queue, handler, quick(max_attempts=3)):
        await until(lambda: states(queue) == {"dead"})
    assert handler.begun == []
    assert handler.given_up == [("a", "It was begun 3 times and came to no end: its worker died, or had to stop.")]


async def test_a_job_that_is_done_by_another_is_no_dead_letter() -> None:
    """A duplicate that died here as often as it may, of a story that was told meanwhile, is finished."""

    class Done(Recorder):
        async def give_up(self, job: Job, error: str) -> bool:
            await super().give_up(job, error)
            return True

    queue = InMemoryQueue(lease_seconds=0)
    await queue.enqueue("a")
    for _ in range(3):
        await queue.receive(1, wait_seconds=0)
    queue._lease_seconds = 30
    async with working(queue, Done(), quick(max_attempts=3)):
        await until(lambda: states(queue) == {"done"})


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


async def test_a_job_whose_owner_can_never_be_told_is_put_aside_all_the_same() -> None:
    """A store that refuses the last word does not have the job come again for ever: both reasons are kept."""

    class Refused(Recorder):
        async def give_up(self, job: Job, error: str) -> bool:
            await super().give_up(job, error)
            raise InvalidInput("The item is too large.")

    async def fail(_job: Job) -> None:
        raise InvalidInput("no such voice.")

    queue, handler = InMemoryQueue(), Refused(fail)
    await queue.enqueue("a")
    async with working(queue, handler):
        await until(lambda: states(queue) == {"dead"})
    assert queue.jobs["1"].errors == ["no such voice. Its tasks could not be updated: The item is too large."]
