"""The stories service of a process: it works on a thread of its own, and tells the truth about itself."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput
from sayso.jobs import Backlog, Policy, Worker
from sayso.stories import Consumer, StoriesService
from sayso.stories import service as service_module
from sayso.testing import InMemoryQueue
from workers import WAIT_SECONDS, Recorder, wait_for_ever

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from sayso.jobs import Delivery


class BrokenQueue(InMemoryQueue):
    """A queue that is not there."""

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:  # noqa: ARG002
        raise InvalidInput("There is no such queue.")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """A service with one consumer, whose queue is empty or has some jobs."""

    def __init__(self, directory: Path, *, queue: InMemoryQueue | None = None, jobs: int = 0) -> None:
        self.clock = Clock()
        self.database_trouble: str | None = None
        self.queue = queue or InMemoryQueue()
        self.handler = Recorder(wait_for_ever)
        self._jobs = jobs
        self.service = StoriesService(
            self._open,
            grace_seconds=0.01,
            work_directory=directory / "work" / "not made yet",
            outer_trouble=lambda: self.database_trouble,
            clock=self.clock,
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Sequence[Consumer]]:
        for number in range(self._jobs):
            await self.queue.enqueue(str(number))
        worker = Worker(self.queue, self.handler, Policy(), clock=self.clock)
        yield [Consumer(name="memory", queue=self.queue, worker=worker)]


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path, jobs=2)
    process.service.start()
    until(lambda: bool(process.handler.begun))
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


def test_a_full_disk_is_trouble(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no story could be finished the process is not well."""
    monkeypatch.setattr(service_module, "LEAST_FREE_BYTES", 2**62)
    assert "disk is full" in (process.service.trouble() or "")


def test_told_to_stop_it_hands_back_and_is_in_no_trouble(process: Process) -> None:
    """What is in hand is handed back, and a process that stops as it should is not reported dead."""
    process.service.stop()
    assert process.service.join(WAIT_SECONDS)
    assert process.service.trouble() is None
    assert {job.state for job in process.queue.jobs.values()} == {"open"}
    assert all(job.lease is None for job in process.queue.jobs.values())
    assert isinstance(asyncio.run(process.service.backlog()), Backlog)


def test_a_dead_worker_is_trouble(tmp_path: Path) -> None:
    """When the worker's loop has ended by itself, its reason is told."""
    process = Process(tmp_path, queue=BrokenQueue())
    process.service.start()
    assert process.service.join(WAIT_SECONDS)
    assert process.service.trouble() == "The worker is dead: There is no such queue."
