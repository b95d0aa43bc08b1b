"""The tasks of a job: claimed by one worker at a time, released when the work fails, failed one by one where needed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.errors import AttemptsUsedUp, Busy, InvalidInput, LeaseLost, SaysoError, ServiceUnavailable
from sayso.jobs import Claim, Finished, TaskProgress
from sayso.testing import InMemoryQueue, InMemoryTaskStore
from sayso.workers import Job, TaskClaims

if TYPE_CHECKING:
    from collections.abc import Sequence

PARENT = "p"
TASKS = ["a", "b"]


class Store(InMemoryTaskStore):
    """A store that notes whether releases were counted, and refuses changes of some tasks."""

    def __init__(self, *, refused: Sequence[str] = (), lease_seconds: float = 30.0) -> None:
        super().__init__(lease_seconds=lease_seconds)
        self.releases: list[bool] = []
        self._refused = refused

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:
        self.releases.append(is_counted)
        await super().release(claim, is_counted=is_counted)

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        if set(self._refused) & set(claim.lease_ids):
            raise InvalidInput("The item is too large.")
        await super().fail(claim, error=error, code=code)


async def received(*, deliveries: int = 1) -> Job:
    """A job that was delivered so often."""
    queue = InMemoryQueue()
    await queue.enqueue("{}")
    (delivery,) = await queue.receive(1, wait_seconds=0)
    return Job(delivery=replace(delivery, deliveries=deliveries), queue=queue)


def claims(store: Store) -> TaskClaims:
    return TaskClaims(store, lease_seconds=0.01, margin_seconds=0.0)


async def claimed(store: Store) -> Claim:
    claim = await claims(store).claim(PARENT, TASKS)
    assert isinstance(claim, Claim)
    return claim


async def test_a_claim_waits_for_the_end_of_a_dead_workers_lease() -> None:
    """A worker that died a moment ago keeps its tasks for the rest of its lease, and no longer."""

    store = Store(lease_seconds=0.05)
    await store.claim(PARENT, TASKS)
    claim = await TaskClaims(store, margin_seconds=0.01).claim(PARENT, TASKS)
    assert isinstance(claim, Claim)
    assert set(claim.lease_ids.values()) == {2}


async def test_a_job_whose_tasks_another_worker_extends_comes_back() -> None:
    """Its worker is told that it is busy, and when to look again."""
    store = Store()
    await store.claim(PARENT, TASKS)
    with pytest.raises(Busy) as caught:
        await claims(store).claim(PARENT, TASKS)
    assert caught.value.retry_after_seconds == 60


@pytest.mark.parametrize(
    ("error", "is_counted"),
    [
        (InvalidInput("no"), True),
        (ZeroDivisionError(), True),
        (ServiceUnavailable("down"), False),
        (Busy("later", retry_after_seconds=1), False),
        (asyncio.CancelledError(), False),
    ],
)
async def test_work_that_fails_releases_its_claim(error: BaseException, is_counted: bool) -> None:
    """It counts as an attempt where the job failed by itself."""

    store = Store()
    job = await received()
    with pytest.raises(type(error)):
        async with claims(store).held(await claimed(store), job):
            raise error
    assert store.releases == [is_counted]
    assert store.tasks[PARENT, "a"].lease_until == 0.0


async def test_a_lost_claim_is_not_released() -> None:
    """It is another worker's."""

    store = Store()
    job = await received()
    with pytest.raises(LeaseLost):
        async with claims(store).held(await claimed(store), job):
            raise LeaseLost("The job belongs to another worker.")
    assert store.releases == []


async def test_a_claim_beyond_the_last_attempt_is_released() -> None:
    """What a store counted is noted in the job before the work begins."""

    store = Store()
    job = await received()
    claim = replace(await claimed(store), attempt=6)
    with pytest.raises(AttemptsUsedUp):
        async with claims(store).held(claim, job):
            raise AssertionError
    assert store.releases == [True]


async def test_a_job_without_tasks_needs_no_claim() -> None:
    """Its queue's lease is all that it has."""

    store = Store()
    job = await received()
    async with claims(store).held(None, job):
        await claims(store).confirm(None, job)
    assert store.tasks == {}


@pytest.mark.parametrize("lost", ["job", "claim"])
async def test_a_job_is_confirmed_by_its_queue_and_its_store(lost: str) -> None:
    """When one of them gave it to another worker, it is lost."""

    store = Store()
    job = await received()
    claim = await claimed(store)
    await claims(store).confirm(claim, job)
    if lost == "job":
        await job.queue.cancel(job.delivery.job_id)  # type: ignore[attr-defined]
    else:
        store.tasks[PARENT, "b"].lease_id += 1
    with pytest.raises(LeaseLost):
        await claims(store).confirm(claim, job)


async def test_completed_tasks_say_what_they_became() -> None:
    """Their last progress is the whole; a later claim of them is finished."""
    urls = {"a": "s3://b/a", "b": "s3://b/b"}

    store = Store()
    claim = await claimed(store)
    progress = TaskProgress(share=1.0, audio_seconds=3.0)
    await claims(store).complete(claim, urls, progress=progress)
    assert store.tasks[PARENT, "a"].progress == progress
    assert await claims(store).claim(PARENT, TASKS) == Finished(media_urls=urls)
    assert await claims(store).fail(PARENT, TASKS, "too late")


async def test_failing_fails_all_tasks() -> None:
    """Those who wait for any of them see the reason."""

    store = Store()
    assert not await claims(store).fail(PARENT, TASKS, "no voice")
    assert {(task.status, task.error) for task in store.tasks.values()} == {("FAILED", "no voice")}


@pytest.mark.parametrize("refused", [["a"], ["b"], ["a", "b"]])
async def test_a_task_that_cannot_be_changed_does_not_keep_the_others_from_failing(refused: Sequence[str]) -> None:
    """The error of that task is raised, and its claim released."""

    store = Store(refused=refused)
    with pytest.raises(InvalidInput, match="too large"):
        await claims(store).fail(PARENT, TASKS, "no")
    failed = {task_id for (_, task_id), task in store.tasks.items() if task.status == "FAILED"}
    assert failed == set(TASKS) - set(refused)
    assert all(task.lease_until == 0.0 for task in store.tasks.values())


async def test_a_store_that_does_not_take_a_release_hides_no_error() -> None:
    """The lease ends by itself."""

    store = Store()
    job = await received()
    claim = await claimed(store)

    async def down(*_: object, **__: object) -> None:
        raise ServiceUnavailable("down")

    store.release = down  # type: ignore[method-assign]
    with pytest.raises(SaysoError, match="the cause"):
        async with claims(store).held(claim, job):
            raise InvalidInput("the cause")
