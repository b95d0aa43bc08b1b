"""The workers of several roles in one process answer as one."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.testing import InMemoryQueue
from sayso.workers import Consumer, Policy, Worker, WorkerGroup, WorkerService
from support.jobs.workers import Recorder, wait_for_ever
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from sayso.jobs import Backlog

REASON = "The worker is dead: There is no such queue."


def service(directory: Path, name: str, *, jobs: int = 0, is_broken: bool = False) -> WorkerService:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Sequence[Consumer]]:
        if is_broken:
            raise InvalidInput("There is no such queue.")
        queue = InMemoryQueue()
        for number in range(jobs):
            await queue.enqueue(str(number))
        worker = Worker(queue, Recorder(wait_for_ever), Policy(at_once=1))
        yield [Consumer(name=name, queue=queue, worker=worker)]

    return WorkerService(opened, name=name, grace_seconds=0.01, work_directory=directory)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[WorkerGroup]:
    """One role with two jobs, of which it has one in hand, and one with three."""
    group = WorkerGroup([service(tmp_path, "first", jobs=2), service(tmp_path, "second", jobs=3)])
    group.start()
    wait_until(lambda: group.readiness() == (True, None))
    try:
        yield group
    finally:
        group.hurry()
        assert group.join(WAIT_SECONDS)


def test_backlogs_are_added(group: WorkerGroup) -> None:
    """An autoscaler is told of the work of all roles, and metrics of each queue."""

    def backlog() -> Backlog:
        return asyncio.run(group.backlog())

    wait_until(lambda: backlog().in_flight == 2)
    assert backlog().waiting == 3
    assert {name: backlog.waiting for name, backlog in group.last_backlogs.items()} == {"first": 1, "second": 2}
    assert group.trouble() is None


def test_it_is_idle_when_no_queue_has_anything(
    tmp_path: Path, group: WorkerGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while jobs wait, nor while one is in hand, nor before the queues have been asked."""
    monkeypatch.setattr("sayso.workers.worker._POLL_SECONDS", 0.01)
    assert not group.is_idle()
    empty = WorkerGroup([service(tmp_path, "first"), service(tmp_path, "second")])
    assert not empty.is_idle()
    empty.start()
    try:
        wait_until(empty.is_idle)
    finally:
        empty.hurry()
        assert empty.join(WAIT_SECONDS)
    assert not group.is_idle()


def test_one_that_is_dead_is_told_for_all(tmp_path: Path) -> None:
    """Health, readiness and backlog name what is wrong, although the other works; stopping waits for both."""
    broken = service(tmp_path, "second", is_broken=True)
    group = WorkerGroup([service(tmp_path, "first"), broken])
    group.start()
    assert broken.join(WAIT_SECONDS)
    assert group.trouble() == REASON
    assert group.readiness() == (False, REASON)
    with pytest.raises(ServiceUnavailable, match="There is no such queue"):
        asyncio.run(group.backlog())
    group.stop()
    assert group.join(WAIT_SECONDS)


def test_the_time_to_stop_is_shared(tmp_path: Path) -> None:
    """What does not end in time is said, however the other ends."""

    may_end = threading.Event()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Sequence[Consumer]]:
        queue = InMemoryQueue()
        yield [Consumer(name="slow", queue=queue, worker=Worker(queue, Recorder(), Policy()))]
        await asyncio.to_thread(may_end.wait, WAIT_SECONDS)

    slow = WorkerService(opened, name="slow", grace_seconds=0, work_directory=tmp_path)
    group = WorkerGroup([slow, service(tmp_path, "first")])
    group.start()
    group.stop()
    assert not group.join(0)
    may_end.set()
    assert group.join(WAIT_SECONDS)
