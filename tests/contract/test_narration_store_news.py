"""What every store of narrations tells: changes, to whoever follows, and ends, by callbacks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from sayso.jobs import TaskProgress
from support.narrations.stores import CALLBACK, PATIENCE_SECONDS, Scene

if TYPE_CHECKING:
    from sayso.jobs import Delivery


# Following


async def test_changes_are_those_since_an_event(scene: Scene) -> None:
    """Of the narrations that are named, whoever owns them; what is not there has none."""
    first, second, third = [await scene.submitted(owner) for owner in ("ann", "bob", "ann")]
    seen = {record.id: record.event_id for record in (first, second)}
    assert list(await scene.store.changes(seen | {"nar_1": 0})) == []
    assert list(await scene.store.changes({})) == []
    await scene.completed(first)
    await scene.completed(third)
    assert list(await scene.store.changes(seen)) == [await scene.now(first)]
    assert {record.id for record in await scene.store.changes({first.id: 0, second.id: 0})} == seen.keys()


async def test_a_change_is_hinted_at(scene: Scene) -> None:
    """To whoever waits for one when it happens."""
    if not scene.is_hearing:
        pytest.skip("this store is not notified of changes: behind PgBouncer it polls")
    hint = asyncio.create_task(scene.store.wait_for_change())
    record = await scene.submitted()
    claim = await scene.claimed(record)
    async with asyncio.timeout(PATIENCE_SECONDS):
        audio_seconds = 0.0
        while not hint.done():  # no promise is made to who does not listen yet
            audio_seconds += 1
            await scene.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=audio_seconds))
            await asyncio.wait({hint}, timeout=0.05)


# Callbacks


def told_of(delivery: Delivery) -> tuple[str, str]:
    content = json.loads(delivery.body)
    return content["narration_id"], content["status"]


async def test_an_end_is_announced_once(scene: Scene) -> None:
    """However often it is said; a later end is another, and before the end there is nothing to announce."""
    record = await scene.submitted(callback_url=CALLBACK)
    await scene.store.enqueue_callback(record.id)
    await scene.failed(record)
    await asyncio.gather(*(scene.store.enqueue_callback(record.id) for _ in range(4)))
    claim = await scene.claimed(record)
    await scene.store.enqueue_callback(record.id)
    await scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a"))
    await scene.store.enqueue_callback(record.id)
    await scene.store.enqueue_callback(record.id)
    jobs = await scene.jobs(scene.callbacks)
    assert [told_of(job) for job in jobs] == [(record.id, "failed"), (record.id, "completed")]


async def test_a_cancellation_is_announced_by_itself(scene: Scene) -> None:
    """Once; and nothing is announced to nobody."""
    record, quiet = await scene.submitted(callback_url=CALLBACK), await scene.submitted()
    for narration_id in (record.id, quiet.id):
        await scene.store.cancel(narration_id, owner="ann")
        await scene.store.cancel(narration_id, owner="ann")
        await scene.store.enqueue_callback(narration_id)
    await scene.store.enqueue_callback("nar_1")
    await scene.store.enqueue_callback("somebody's parent")
    assert [told_of(job) for job in await scene.jobs(scene.callbacks)] == [(record.id, "cancelled")]


async def test_every_attempt_to_tell_is_kept(scene: Scene) -> None:
    """In order, with when it was; how the callback stands is what was last said, and the narration has not changed."""
    record = await scene.submitted(callback_url=CALLBACK)
    before = await scene.store.cancel(record.id, owner="ann")
    await scene.store.record_attempt(record.id, status=None, error="It hung.", callback="pending")
    await scene.store.record_attempt(record.id, status=500, error="It failed.", callback="pending")
    await scene.store.record_attempt(record.id, status=204, error=None, callback="delivered")
    await scene.store.fail_callback(record.id)
    after = await scene.now(record)
    assert after.callback is not None
    assert after.callback.status == "delivered"
    attempts = after.callback.attempts
    assert [(attempt.status, attempt.error) for attempt in attempts] == [
        (None, "It hung."),
        (500, "It failed."),
        (204, None),
    ]
    assert before.finished_at is not None
    assert [before.finished_at, *(attempt.at for attempt in attempts)] == sorted(
        [before.finished_at, *(attempt.at for attempt in attempts)]
    )
    assert (after.event_id, after.status) == (before.event_id, before.status)


async def test_a_callback_that_is_given_up_has_failed_until_the_next_end(scene: Scene) -> None:
    """Then it waits again to be told."""
    record = await scene.submitted(callback_url=CALLBACK)
    await scene.failed(record)
    await scene.store.enqueue_callback(record.id)
    await scene.store.fail_callback(record.id)
    assert (await scene.now(record)).callback.status == "failed"  # type: ignore[union-attr]
    await scene.completed(record)
    await scene.store.enqueue_callback(record.id)
    assert (await scene.now(record)).callback.status == "pending"  # type: ignore[union-attr]


async def test_attempts_to_tell_nobody_are_nothing(scene: Scene) -> None:
    """Of a narration without a callback, and of none."""
    record = await scene.submitted()
    for narration_id in (record.id, "nar_1"):
        await scene.store.record_attempt(narration_id, status=200, error=None, callback="delivered")
        await scene.store.fail_callback(narration_id)
    assert await scene.now(record) == record
