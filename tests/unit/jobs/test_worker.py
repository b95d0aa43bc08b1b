"""The worker: every job is done, retried or put aside, and a group in its order."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from sayso.errors import Busy, EngineFailed, InvalidInput, OutputFailed, ServiceUnavailable, SourceFailed
from sayso.jobs import Delivery, Job, Outcome, Policy, Worker
from sayso.jobs import attempt as attempts
from sayso.testing import InMemoryQueue
from waiting import WAIT_SECONDS, until
from workers import Outcomes, Recorder, states, working


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another at once."""
    monkeypatch.setattr(attempts, "backoff_seconds", lambda *_, **__: 0.0)


def test_every_job_is_done_once_and_no_more_at_once_than_allowed() -> None:
    """Fifty jobs are each begun once, at most four of them at the same time, and finished."""

    async def scenario() -> None:
        queue, handler, outcomes = InMemoryQueue(), Recorder(lambda _: asyncio.sleep(0)), Outcomes()
        bodies = [await queue.enqueue(f"job {number}") for number in range(50)]
        async with working(queue, handler, Policy(at_once=4), outcomes=outcomes):
            await until(lambda: states(queue) == {"done"})
        assert len(handler.begun) == len(set(handler.begun)) == len(bodies)
        assert handler.most_at_once == 4
        assert outcomes == [Outcome.DONE] * 50

    asyncio.run(scenario())


def test_what_may_succeed_later_is_tried_again_and_then_put_aside() -> None:
    """A job is tried as often as the policy says; then its owner is told, and it is kept with the reasons."""

    async def fail(_job: Job) -> None:
        raise SourceFailed("the source was down")

    async def scenario() -> None:
        queue, handler, outcomes = InMemoryQueue(), Recorder(fail), Outcomes()
        await queue.enqueue("a")
        async with working(queue, handler, Policy(max_attempts=3), outcomes=outcomes):
            await until(lambda: states(queue) == {"dead"})
        assert handler.begun == ["a"] * 3
        assert handler.given_up == [("a", "the source was down")]
        assert queue.jobs["1"].errors == ["the source was down"] * 3
        assert outcomes == [Outcome.RETRIED, Outcome.RETRIED, Outcome.PUT_ASIDE]

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [InvalidInput("no such voice"), OutputFailed("no such bucket")])
def test_what_can_never_succeed_is_put_aside_at_once(error: Exception) -> None:
    """A mistake of whoever sent the job is not tried again."""

    async def fail(_job: Job) -> None:
        raise error

    async def scenario() -> None:
        queue, handler = InMemoryQueue(), Recorder(fail)
        await queue.enqueue("a")
        async with working(queue, handler):
            await until(lambda: states(queue) == {"dead"})
        assert handler.begun == ["a"]

    asyncio.run(scenario())


def test_a_handler_that_breaks_fails_its_job_and_nothing_else() -> None:
    """Any exception counts as a failed attempt; the worker goes on."""

    async def fail(job: Job) -> None:
        if job.delivery.body == "a":
            raise ZeroDivisionError("oops")

    async def scenario() -> None:
        queue, handler = InMemoryQueue(), Recorder(fail)
        await queue.enqueue("a")
        await queue.enqueue("b")
        async with working(queue, handler, Policy(max_attempts=2)):
            await until(lambda: states(queue) == {"dead", "done"})
        assert queue.jobs["1"].errors == ["ZeroDivisionError: oops"] * 2

    asyncio.run(scenario())


def test_an_outage_is_no_attempt() -> None:
    """What a job needs may be down for longer than the attempts would last."""
    tries = 0

    async def fail(_job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise ServiceUnavailable("the storage does not answer")

    async def scenario() -> None:
        queue = InMemoryQueue()
        await queue.enqueue("a")
        async with working(queue, Recorder(fail), Policy(max_attempts=2)):
            await until(lambda: states(queue) == {"done"})

    asyncio.run(scenario())
    assert tries == 10


def test_a_job_that_cannot_begin_yet_is_no_attempt() -> None:
    """A handler that is busy has the job back later, as often as it takes, and each time the log says why."""
    tries = 0

    async def busy(_job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise Busy("somebody else does it", retry_after_seconds=0)

    async def scenario() -> None:
        queue = InMemoryQueue()
        await queue.enqueue("a")
        async with working(queue, Recorder(busy), Policy(max_attempts=1)):
            await until(lambda: states(queue) == {"done"})

    with structlog.testing.capture_logs() as logs:
        asyncio.run(scenario())
    released = [entry for entry in logs if entry["event"] == "the job is released until later"]
    assert [entry["reason"] for entry in released] == ["somebody else does it"] * 9


def test_a_job_whose_workers_died_is_put_aside_unread() -> None:
    """Crashes count: after as many as there are attempts the job is not begun again."""

    async def scenario() -> None:
        queue, handler = InMemoryQueue(lease_seconds=0), Recorder()
        await queue.enqueue("a")
        for _ in range(3):
            await queue.receive(1, wait_seconds=0)
        queue._lease_seconds = 30
        async with working(queue, handler, Policy(max_attempts=3)):
            await until(lambda: states(queue) == {"dead"})
        assert handler.begun == []
        assert handler.given_up == [("a", "It was begun 3 times and came to no end: its worker died, or had to stop.")]

    asyncio.run(scenario())


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


def test_a_group_is_done_in_order_one_at_a_time() -> None:
    """Jobs of one group that come together are begun one after the other."""

    async def scenario() -> None:
        queue, handler = EagerQueue(), Recorder(lambda _: asyncio.sleep(0.001))
        for body in "abcd":
            await queue.enqueue(body, group="g")
        async with working(queue, handler, Policy(at_once=4)):
            await until(lambda: states(queue) == {"done"})
        assert handler.begun == list("abcd")
        assert handler.most_at_once == 1

    asyncio.run(scenario())


def test_after_a_failure_the_rest_of_a_group_is_handed_back() -> None:
    """What follows a job that must be tried again waits for it, so the order is kept."""
    failures = iter([EngineFailed("not now"), None])

    async def fail_once(job: Job) -> None:
        if job.delivery.body == "a" and next(failures) is not None:
            raise SourceFailed("not now")

    async def scenario() -> None:
        queue, handler = EagerQueue(), Recorder(fail_once)
        for body in "abc":
            await queue.enqueue(body, group="g")
        async with working(queue, handler, Policy(at_once=3)):
            await until(lambda: states(queue) == {"done"})
        assert handler.begun == ["a", "a", "b", "c"]
        assert [job.attempts for job in queue.jobs.values()] == [2, 1, 1]

    asyncio.run(scenario())


class BrokenQueue(InMemoryQueue):
    """A queue that is not there."""

    async def receive(self, limit: int, *, wait_seconds: float) -> list[Delivery]:  # noqa: ARG002
        raise InvalidInput("There is no such queue.")


def test_a_queue_that_does_not_exist_ends_the_worker() -> None:
    """What no waiting mends is raised, so that the process's health can tell."""

    async def scenario() -> None:
        worker = Worker(BrokenQueue(), Recorder(), Policy())
        with pytest.raises(InvalidInput, match="no such queue"):
            await asyncio.wait_for(worker.run(asyncio.Event(), grace_seconds=1), WAIT_SECONDS)

    asyncio.run(scenario())
