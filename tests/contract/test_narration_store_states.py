"""How narrations go on and are cancelled, in every store."""

from __future__ import annotations

import asyncio

import pytest

from sayso.errors import InvalidInput, LeaseLost, NoSuchJob
from sayso.jobs import Finished, TaskProgress
from sayso.narrations import NarrationRecord, NarrationStatus
from support.narrations.stores import CALLBACK, FORMATS, PATIENCE_SECONDS, Scene

# Going on


async def test_a_narration_stands_as_its_tasks_do(scene: Scene) -> None:
    """Queued, running with its progress, completed with its files; each is a later event."""
    queued = await scene.submitted()
    claim = await scene.claimed(queued)
    running = await scene.now(queued)
    await scene.tasks.heartbeat(claim, TaskProgress(share=0.25, audio_seconds=12.5))
    further = await scene.now(queued)
    await scene.tasks.complete(claim, {"mp3": "s3://bucket/a.mp3", "srt": "s3://bucket/a.srt"})
    completed = await scene.now(queued)

    assert (running.status, running.progress) == (NarrationStatus.RUNNING, 0.0)
    assert running.started_at is not None
    assert running.started_at >= queued.created_at
    assert (further.progress, further.audio_seconds) == (0.25, 12.5)
    assert further.started_at == running.started_at
    assert (completed.status, completed.progress, completed.audio_seconds) == ("completed", 1.0, 12.5)
    assert completed.finished_at is not None
    assert completed.finished_at >= running.started_at
    assert list(completed.files.items()) == [("mp3", "s3://bucket/a.mp3"), ("srt", "s3://bucket/a.srt")]
    events = [record.event_id for record in (queued, running, further, completed)]
    assert events == sorted(set(events))
    assert isinstance(await scene.tasks.claim(queued.id, FORMATS), Finished)


async def test_a_beat_without_news_is_no_event(scene: Scene) -> None:
    """Nobody is told that nothing has changed."""
    record = await scene.submitted()
    claim = await scene.claimed(record)
    await scene.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=1.0))
    before = await scene.now(record)
    await scene.tasks.heartbeat(claim)
    assert await scene.now(record) == before


async def test_a_narration_that_was_handed_back_goes_on(scene: Scene) -> None:
    """It is running, and it began when it was first worked on."""
    record = await scene.submitted()
    claim = await scene.claimed(record)
    began = (await scene.now(record)).started_at
    await scene.tasks.release(claim)
    assert (await scene.now(record)).status is NarrationStatus.RUNNING
    await scene.completed(record)
    assert (await scene.now(record)).started_at == began


async def test_a_failed_narration_says_why_and_can_be_done_again(scene: Scene) -> None:
    """It has ended, until somebody claims its tasks anew."""
    record = await scene.submitted()
    await scene.failed(record)
    failed = await scene.now(record)
    assert (failed.status, failed.error, dict(failed.files)) == ("failed", "It was too long.", {})
    assert failed.error_code == "speech_too_long"
    assert failed.finished_at is not None
    claim = await scene.claimed(record)
    again = await scene.now(record)
    assert (again.status, again.error, again.finished_at) == (NarrationStatus.RUNNING, None, None)
    assert again.error_code is None
    await scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a"))
    assert (await scene.now(record)).status is NarrationStatus.COMPLETED


# Cancelling


async def test_a_cancelled_narration_is_nobodys(scene: Scene) -> None:
    """Whoever works on it has lost the job and the tasks, and nobody is given them again."""
    record = await scene.submitted()
    (job,) = await scene.jobs(scene.stories)
    claim = await scene.claimed(record)
    await scene.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=3.0))
    cancelled = await scene.store.cancel(record.id, owner="ann")
    assert cancelled == await scene.now(record)
    assert (cancelled.status, cancelled.error, dict(cancelled.files)) == ("cancelled", None, {})
    assert cancelled.finished_at is not None
    assert list(await scene.stories.heartbeat([job])) == [job]
    for attempt in (
        scene.tasks.heartbeat(claim),
        scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a")),
        scene.tasks.fail(claim, error="It was too long."),
        scene.tasks.claim(record.id, FORMATS),
    ):
        with pytest.raises(LeaseLost):
            await attempt
    await scene.tasks.release(claim)
    assert await scene.now(record) == cancelled
    assert await scene.jobs(scene.stories) == []


async def test_a_worker_is_told_at_once_that_a_narration_is_cancelled(scene: Scene) -> None:
    """Its queue says that some lease may have been taken away."""
    told = asyncio.create_task(scene.stories.wait_for_revocation())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not told.done():  # no promise is made to who does not listen yet
            record = await scene.submitted()
            await scene.jobs(scene.stories)
            await scene.store.cancel(record.id, owner="ann")
            await asyncio.wait({told}, timeout=0.05)


async def test_a_narration_that_waits_is_cancelled_too(scene: Scene) -> None:
    """Its job is never delivered."""
    record = await scene.submitted()
    cancelled = await scene.store.cancel(record.id, owner="ann")
    assert (cancelled.status, cancelled.started_at) == (NarrationStatus.CANCELLED, None)
    assert await scene.jobs(scene.stories) == []


async def test_what_has_ended_is_not_cancelled(scene: Scene) -> None:
    """Completed, failed or cancelled: nothing changes, and no event is added."""
    records = [await scene.submitted(callback_url=CALLBACK) for _ in range(3)]
    await scene.completed(records[0])
    await scene.failed(records[1])
    await scene.store.cancel(records[2].id, owner="ann")
    for record in records:
        before = await scene.now(record)
        assert await scene.store.cancel(record.id, owner="ann") == before
        assert await scene.now(record) == before


async def test_of_cancelling_and_completing_one_wins(scene: Scene) -> None:
    """Who comes together with the other either cancels or finds it completed; what is told fits what is kept."""
    for _ in range(10):
        record = await scene.submitted()
        claim = await scene.claimed(record)
        urls = dict.fromkeys(claim.lease_ids, "file:///data/a")
        cancelled, completed = await asyncio.gather(
            scene.store.cancel(record.id, owner="ann"),
            scene.tasks.complete(claim, urls),
            return_exceptions=True,
        )
        assert isinstance(cancelled, NarrationRecord)
        assert cancelled == await scene.now(record)
        is_lost = isinstance(completed, LeaseLost)
        assert cancelled.status is (NarrationStatus.CANCELLED if is_lost else NarrationStatus.COMPLETED)


# Retrying


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_what_failed_or_was_cancelled_is_retried(scene: Scene, end: str) -> None:
    """It waits as at first, its job is delivered again, and it can be completed; followers see it."""
    record = await scene.submitted()
    (job,) = await scene.jobs(scene.stories)
    claim = await scene.claimed(record)
    await scene.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=3.0))
    if end == "failed":
        await scene.tasks.fail(claim, error="It was too long.")
        await scene.stories.dead_letter(job, reason="It was too long.")
    else:
        await scene.store.cancel(record.id, owner="ann")
    ended = await scene.now(record)
    retried = await scene.store.retry(record.id, owner="ann")
    assert (retried.status, retried.error, retried.progress) == (NarrationStatus.QUEUED, None, 0.0)
    assert (retried.started_at, retried.finished_at) == (None, None)
    assert retried.event_id > ended.event_id
    assert await scene.store.retry(record.id, owner="ann") == retried
    with pytest.raises(LeaseLost):
        await scene.tasks.heartbeat(claim)
    (again,) = await scene.jobs(scene.stories)
    assert again.body == job.body
    await scene.completed(record)
    assert (await scene.now(record)).status is NarrationStatus.COMPLETED


async def test_what_is_completed_or_not_the_owners_is_not_retried(scene: Scene) -> None:
    """Nothing changes then."""
    record = await scene.submitted()
    with pytest.raises(NoSuchJob):
        await scene.store.retry(record.id, owner="bob")
    await scene.completed(record)
    before = await scene.now(record)
    with pytest.raises(InvalidInput):
        await scene.store.retry(record.id, owner="ann")
    assert await scene.now(record) == before
