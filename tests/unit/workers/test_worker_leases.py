"""The worker: nothing is worked on by somebody who lost it, and what cannot be finished is handed back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs import LEASE_SECONDS, Delivery
from sayso.testing import InMemoryQueue
from sayso.workers import Job, Outcome, Policy
from support.jobs.workers import Outcomes, Recorder, states, wait_for_ever, working
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


async def test_a_cancelled_job_is_stopped_at_once() -> None:
    """When a job is taken away the handler is cancelled at the hint, and nothing is said about the job any more."""

    queue, handler, outcomes = InMemoryQueue(), Recorder(wait_for_ever), Outcomes()
    await queue.enqueue("a")
    async with working(queue, handler, outcomes=outcomes) as worker:
        await until(lambda: handler.begun == ["a"])
        await queue.cancel("1")
        await until(lambda: worker.job_count == 0)
    assert outcomes == [Outcome.LOST]
    assert states(queue) == {"cancelled"}


async def test_a_job_that_was_taken_over_meanwhile_is_left_alone() -> None:
    """A handler that ends after its lease did changes nothing: the job is its new holder's."""

    queue = InMemoryQueue()
    ending = asyncio.Event()
    handler, outcomes = Recorder(lambda _: ending.wait()), Outcomes()  # type: ignore[arg-type, return-value]
    await queue.enqueue("a")
    async with working(queue, handler, Policy(heartbeat_seconds=60), outcomes=outcomes) as worker:
        await until(lambda: handler.begun == ["a"])
        queue.jobs["1"].lease_until = 0
        (other,) = await queue.receive(1, wait_seconds=0)
        ending.set()
        await until(lambda: worker.job_count == 0)
        assert outcomes == [Outcome.LOST]
        await queue.finish(other)
    assert states(queue) == {"done"}


class AgeingQueue(InMemoryQueue):
    """A queue for which most of a lease goes by after each beat."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(clock=lambda: self.now)

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        lost = await super().heartbeat(deliveries)
        self.now += 0.8 * LEASE_SECONDS
        return lost


async def test_jobs_in_hand_outlive_their_leases_by_beating() -> None:
    """A job that takes longer than its lease is not delivered to anybody else."""

    queue = AgeingQueue()
    handler = Recorder(lambda _: until(lambda: queue.now > 4 * LEASE_SECONDS))
    await queue.enqueue("a")
    async with working(queue, handler, Policy(at_once=2, heartbeat_seconds=0.01)):
        await until(lambda: states(queue) == {"done"})
    assert handler.begun == ["a"]


class SilentQueue(InMemoryQueue):
    """A queue that stops answering beats."""

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:  # noqa: ARG002
        raise ServiceUnavailable("nobody answers")


async def test_a_worker_that_cannot_beat_takes_its_jobs_as_lost() -> None:
    """Cut off from its queue for a whole lease, it stops: somebody else may have its jobs by then."""

    queue, handler, outcomes = SilentQueue(lease_seconds=60), Recorder(wait_for_ever), Outcomes()
    await queue.enqueue("a")
    policy = Policy(lease_seconds=0.05, heartbeat_seconds=0.01)
    async with working(queue, handler, policy, outcomes=outcomes):
        await until(lambda: Outcome.LOST in outcomes)


async def test_a_job_that_takes_too_long_has_failed() -> None:
    """The deadline of an attempt is hard, and counts as a failure."""

    queue, handler = InMemoryQueue(), Recorder(wait_for_ever)
    await queue.enqueue("a")
    async with working(queue, handler, Policy(job_seconds=0.01, max_attempts=2)):
        await until(lambda: states(queue) == {"dead"})
    assert queue.jobs["1"].errors == ["The job took longer than 0.01 seconds."] * 2


async def test_a_worker_that_stops_finishes_what_it_has() -> None:
    """Within the grace, jobs in hand are finished, and no more are begun."""

    ending = asyncio.Event()
    queue, handler = InMemoryQueue(), Recorder(lambda _: ending.wait())  # type: ignore[arg-type, return-value]
    await queue.enqueue("a")
    await queue.enqueue("b")
    async with working(queue, handler):
        await until(lambda: handler.begun == ["a"])
        asyncio.get_running_loop().call_later(0.05, ending.set)  # once it has been told to stop
    assert handler.ended == ["a"]
    assert [job.state for job in queue.jobs.values()] == ["done", "open"]


async def test_a_worker_that_stops_hands_back_what_takes_too_long() -> None:
    """After the grace, jobs are handed back at once, uncounted."""

    queue, handler, outcomes = InMemoryQueue(), Recorder(wait_for_ever), Outcomes()
    await queue.enqueue("a")
    async with working(queue, handler, outcomes=outcomes, grace_seconds=0.01):
        await until(lambda: handler.begun == ["a"])
    assert outcomes == [Outcome.RELEASED]
    (again,) = await queue.receive(1, wait_seconds=0)
    assert again.attempt == 1


class LosingQueue(InMemoryQueue):
    """A queue that loses the first cancellation of a receive: it fails in its place, or brings a job all the same."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.receiving = asyncio.Event()
        self.has_lost = False

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        if self.has_lost:
            return await super().receive(limit, wait_seconds=wait_seconds)
        self.receiving.set()
        try:
            await asyncio.sleep(WAIT_SECONDS)
        except asyncio.CancelledError:
            self.has_lost = True
        if self.fails:
            raise ServiceUnavailable("the server ended")
        return await super().receive(limit, wait_seconds=0)


@pytest.mark.parametrize("fails", [True, False])
async def test_a_receive_that_loses_its_cancellation_does_not_delay_the_stop(fails: bool) -> None:
    """The worker asks no more, and releases what the receive brought, uncounted."""
    queue, handler = LosingQueue(fails=fails), Recorder(wait_for_ever)
    await queue.enqueue("a")
    async with working(queue, handler) as worker:
        await queue.receiving.wait()
    assert queue.has_lost
    assert worker.job_count == 0
    assert handler.begun == []
    (delivery,) = await queue.receive(1, wait_seconds=0)
    assert delivery.attempt == 1


class LosingHint(InMemoryQueue):
    """A queue that loses the first cancellation of the wait for a revocation."""

    has_lost = False

    async def wait_for_revocation(self) -> None:
        try:
            await asyncio.sleep(WAIT_SECONDS)
        except asyncio.CancelledError:
            self.has_lost = True
        await asyncio.sleep(2 * WAIT_SECONDS)


async def test_a_hint_that_loses_its_cancellation_does_not_delay_the_stop() -> None:
    """It is cancelled again."""
    queue = LosingHint()
    async with asyncio.timeout(WAIT_SECONDS / 2), working(queue, Recorder()):
        await asyncio.sleep(0.01)
    assert queue.has_lost


async def test_a_handler_can_make_sure_that_a_job_is_its_own() -> None:
    """A job tells whether its lease still holds, by asking the queue."""

    queue = InMemoryQueue()
    await queue.enqueue("a")
    (delivery,) = await queue.receive(1, wait_seconds=0)
    job = Job(delivery=delivery, queue=queue)
    await job.confirm()
    await queue.cancel("1")
    with pytest.raises(LeaseLost):
        await job.confirm()
