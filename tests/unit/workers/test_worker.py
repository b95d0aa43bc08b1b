"""The worker: every job is done, retried or dead-lettered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import structlog

from sayso.errors import Busy, EngineFailed, FetchFailed, InvalidInput, OutputFailed, ServiceUnavailable, SourceFailed
from sayso.testing import InMemoryQueue
from sayso.workers import Job, Outcome, Policy
from sayso.workers.attempts import Attempts
from support.jobs.workers import Outcomes, Recorder, quick, states, working
from support.waiting import until


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
    assert handler.codes == ["unexpected"]


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
    assert handler.codes == ["attempts_used_up"]


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
