"""The work of a story: it is done once, visibly, and only by whoever has the lease."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sayso.errors import (
    Busy,
    LeaseLost,
)
from sayso.testing import FakeSpeechEngine
from sayso.workers import TaskClaims
from support.stories.parts import Scene, in_the_middle
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_worker_that_died_before_the_last_word_is_taken_over(scene: Scene) -> None:
    """Files that are there already are left as they are, and the tasks completed."""
    await scene.stories.work(await scene.job())
    written = (scene.out / "p" / "a.wav").stat().st_mtime_ns
    for task in scene.tasks.tasks.values():
        task.status, task.lease_until = "IN_PROGRESS", 0.0
    calls = scene.engine.calls
    await scene.stories.work(await scene.job())
    assert (scene.out / "p" / "a.wav").stat().st_mtime_ns == written
    assert scene.engine.calls == calls
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


async def test_who_lost_the_job_publishes_nothing(scene: Scene) -> None:
    """A worker that was frozen while another took over finds out before its first file."""
    job = await scene.job()
    async with in_the_middle(scene, job) as task:
        await scene.queue.cancel(job.delivery.job_id)
    with pytest.raises(LeaseLost):
        await task
    assert [name for name in scene.files if "." in name] == []
    assert scene.statuses == {"a": "IN_PROGRESS", "b": "IN_PROGRESS"}


async def test_who_lost_the_claim_publishes_nothing(scene: Scene) -> None:
    """The same when the tasks were claimed anew: whoever has them decides what is there."""
    job = await scene.job()
    async with in_the_middle(scene, job) as task:
        scene.tasks.tasks["p", "b"].lease_id += 1
    with pytest.raises(LeaseLost):
        await task
    assert [name for name in scene.files if "." in name] == []


async def test_a_file_that_somebody_replaced_meanwhile_is_replaced_by_the_holder(scene: Scene) -> None:
    """What a stale worker wrote after the claim does not stay."""
    job = await scene.job()
    async with in_the_middle(scene, job) as task:
        (scene.out / "p").mkdir(parents=True)
        (scene.out / "p" / "a.wav").write_bytes(b"stale")
    await task
    assert (scene.out / "p" / "a.wav").read_bytes().startswith(b"RIFF")


async def test_a_cancelled_story_gives_its_tasks_back(scene: Scene) -> None:
    """A worker that stops leaves the tasks to the next at once, and its directory to nobody."""
    job = await scene.job()
    async with in_the_middle(scene, job) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    scene.engine.synthesise = FakeSpeechEngine().synthesise  # type: ignore[method-assign]
    await scene.stories.work(await scene.job())
    await until(lambda: not scene.leftovers)  # the first one's thread
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


async def test_a_story_that_somebody_is_alive_with_waits(scene: Scene) -> None:
    """A second message for the same tasks is postponed, not done beside the first."""

    scene.stories._claims = TaskClaims(scene.tasks, lease_seconds=0.0, margin_seconds=0.0)
    await scene.tasks.claim("p", ["a", "b"])
    with pytest.raises(Busy):
        await scene.stories.work(await scene.job())
    assert scene.engine.calls == 0
