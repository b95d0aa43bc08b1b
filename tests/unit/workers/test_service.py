"""The worker service of a process: it works on a thread of its own, and tells the truth about itself."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.testing import InMemoryQueue
from sayso.workers import Consumer, Policy, Worker, WorkerService
from sayso.workers import service as service_module
from support.jobs.workers import Recorder, wait_for_ever
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Sequence
    from pathlib import Path

    from sayso.jobs import Backlog, Delivery


class BrokenQueue(InMemoryQueue):
    """A queue that is not there."""

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:  # noqa: ARG002
        raise InvalidInput("There is no such queue.")


class SilentQueue(InMemoryQueue):
    """A queue that answers nothing after it has given a job, and says why to whoever does not wait for ever."""

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        if any(job.lease is not None for job in self.jobs.values()):
            raise ServiceUnavailable("The queue is on fire.")
        return await super().receive(limit, wait_seconds=wait_seconds)

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:  # noqa: ARG002
        raise ServiceUnavailable("The queue is on fire.")

    async def backlog(self) -> Backlog:
        await asyncio.Event().wait()
        raise AssertionError


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """A service with one consumer, whose queue is empty or has some jobs."""

    def __init__(
        self,
        directory: Path,
        *,
        queue: InMemoryQueue | None = None,
        jobs: int = 0,
        grace_seconds: float = 0.01,
        is_broken: bool = False,
        least_free_bytes: int = 0,
        answer_seconds: float = WAIT_SECONDS,
        hurry_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._is_broken = is_broken
        self.clock = Clock()
        self.database_trouble: str | None = None
        self.queue = queue or InMemoryQueue()
        self.handler = Recorder(wait_for_ever)
        self._jobs = jobs
        self.service = WorkerService(
            self._open,
            grace_seconds=grace_seconds,
            work_directory=directory / "work" / "not made yet",
            outer_trouble=lambda: self.database_trouble,
            least_free_bytes=least_free_bytes,
            answer_seconds=answer_seconds,
            hurry_seconds=hurry_seconds,
            clock=self.clock,
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Sequence[Consumer]]:
        if self._is_broken:
            raise InvalidInput("There is no such region.")
        for number in range(self._jobs):
            await self.queue.enqueue(str(number))
        worker = Worker(self.queue, self.handler, Policy(heartbeat_seconds=0.01), clock=self.clock)
        yield [Consumer(name="memory", queue=self.queue, worker=worker)]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path, jobs=2)
    process.service.start()
    wait_until(lambda: bool(process.handler.begun))
    yield process
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)


def test_it_is_well_while_it_works(process: Process) -> None:
    """A worker that has just heard of its queue, and has room, is in no trouble."""
    assert process.service.trouble() is None


def test_it_says_how_much_there_is_to_do(process: Process) -> None:
    """Another loop than the workers' is told what waits and what is in flight."""
    backlog = asyncio.run(process.service.backlog())
    assert (backlog.waiting, backlog.in_flight) == (1, 1)
    assert process.service.last_backlogs["memory"].in_flight == 1


def test_a_silent_queue_is_trouble(process: Process) -> None:
    """A minute without a word of its queue is told, with the queue's name."""
    process.clock.now += service_module.SILENT_SECONDS + 1
    assert "No contact with the queue memory for 61 seconds" in (process.service.trouble() or "")


def test_a_database_that_is_being_restarted_is_trouble(process: Process) -> None:
    """What the workers need and does not run is told in its own words, for as long as it does not."""
    process.database_trouble = "The embedded database has ended and is being restarted."
    assert process.service.trouble() == process.database_trouble
    process.database_trouble = None
    assert process.service.trouble() is None


def test_a_full_disk_is_trouble(tmp_path: Path) -> None:
    """Where no job could be finished the process is not well."""
    process = Process(tmp_path, least_free_bytes=2**62)
    process.service.start()
    assert "disk is full" in (process.service.trouble() or "")
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)


def test_told_to_stop_it_hands_back_and_is_in_no_trouble(process: Process) -> None:
    """What is in hand is handed back, and a process that stops as it should is not reported dead."""
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)
    assert process.service.trouble() is None
    assert {job.state for job in process.queue.jobs.values()} == {"open"}
    assert all(job.lease is None for job in process.queue.jobs.values())
    with pytest.raises(ServiceUnavailable, match="has stopped"):
        asyncio.run(process.service.backlog())


def test_a_dead_worker_is_trouble(tmp_path: Path) -> None:
    """When the worker's loop has ended by itself, its reason is told."""
    process = Process(tmp_path, is_broken=True)
    process.service.start()
    assert process.service.join(WAIT_SECONDS)
    assert process.service.trouble() == "The worker is dead: There is no such region."


def test_a_dead_worker_does_not_say_that_there_is_nothing_to_do(tmp_path: Path) -> None:
    """Its backlog is an error with the reason, and metrics say nothing of queues: zeros would stop other workers."""
    process = Process(tmp_path, is_broken=True)
    process.service.start()
    assert process.service.join(WAIT_SECONDS)
    with pytest.raises(ServiceUnavailable, match="The worker is dead: There is no such region"):
        asyncio.run(process.service.backlog())
    assert process.service.last_backlogs == {}
    assert process.service.readiness() == (False, "The worker is dead: There is no such region.")


def test_a_queue_that_does_not_answer_has_no_backlog(tmp_path: Path) -> None:
    """Whoever asks is told so within seconds, with the last reason once the silence is trouble."""
    process = Process(tmp_path, queue=SilentQueue(), jobs=1, answer_seconds=0.05)
    process.service.start()
    wait_until(lambda: bool(process.handler.begun))
    with pytest.raises(ServiceUnavailable, match="did not say within"):
        asyncio.run(process.service.backlog())
    process.clock.now += service_module.SILENT_SECONDS + 1
    wait_until(lambda: "The queue is on fire." in (process.service.trouble() or ""))
    with pytest.raises(ServiceUnavailable, match="The queue is on fire"):
        asyncio.run(process.service.backlog())
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)


def test_numbers_that_are_out_of_date_are_not_told(process: Process) -> None:
    """What the queue said a minute ago is no metric any more."""
    asyncio.run(process.service.backlog())
    process.clock.now += service_module.SILENT_SECONDS + 1
    assert process.service.last_backlogs == {}


def test_a_worker_that_has_not_begun_knows_no_backlog(tmp_path: Path) -> None:
    """Before the queue is open there is no number, and the process is not ready; for too long that is trouble."""
    opened = asyncio.Event()

    @asynccontextmanager
    async def slowly() -> AsyncIterator[Sequence[Consumer]]:
        await opened.wait()
        yield []

    clock = Clock()
    service = WorkerService(slowly, grace_seconds=0.01, work_directory=tmp_path, clock=clock)
    service.start()
    with pytest.raises(ServiceUnavailable, match="has not begun"):
        asyncio.run(service.backlog())
    assert service.readiness() == (False, None)
    assert service.trouble() is None
    clock.now += service_module.SILENT_SECONDS + 1
    assert "has been starting for 61 seconds" in (service.trouble() or "")


def test_in_a_hurry_it_hands_back_at_once(tmp_path: Path) -> None:
    """Told to stop and then to hurry, what is in hand is handed back before its time to finish is over."""
    process = Process(tmp_path, jobs=2, grace_seconds=10 * WAIT_SECONDS)
    process.service.start()
    wait_until(lambda: bool(process.handler.begun))
    process.service.stop()
    process.service.hurry()
    assert process.service.join(WAIT_SECONDS)
    assert {job.state for job in process.queue.jobs.values()} == {"open"}
    assert all(job.lease is None for job in process.queue.jobs.values())
    assert process.handler.ended == []


def test_a_worker_that_pauses_says_why(tmp_path: Path) -> None:
    """A queue that is not there does not end the worker; whoever asks for its health is told."""
    process = Process(tmp_path, queue=BrokenQueue())
    process.service.start()
    wait_until(lambda: process.service.trouble() is not None)
    assert process.service.trouble() == "No jobs are taken from the queue memory: There is no such queue."
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)


def test_a_queue_that_has_not_answered_yet_is_no_beginning(tmp_path: Path) -> None:
    """Until its first answer the process is not ready; its first failure is named without a moment's patience."""

    class Away(InMemoryQueue):
        is_away = True

        async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
            if self.is_away:
                raise ServiceUnavailable("The queue is away.")
            return await super().receive(limit, wait_seconds=wait_seconds)

    queue = Away()
    process = Process(tmp_path, queue=queue)
    assert not process.service.has_begun
    process.service.start()
    wait_until(lambda: process.service.trouble() is not None)
    assert process.service.trouble() == "No jobs are taken from the queue memory: The queue is away."
    assert process.service.readiness() == (False, None)
    queue.is_away = False
    wait_until(lambda: process.service.readiness() == (True, None))
    assert process.service.trouble() is None
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)
