"""What every store of narrations promises of what it accepts and lists: the one in memory, and PostgreSQL's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sayso.errors import IdempotencyKeyReused, NoSuchJob
from sayso.narrations import NarrationStatus, is_narration_id
from support.narrations.service import request
from support.narrations.stores import CALLBACK, Scene

# Accepting


async def test_what_is_accepted_is_there_with_its_job_and_its_tasks(scene: Scene) -> None:
    """The row says all that was asked for; the job's message names the narration; the tasks can be claimed."""
    fields: dict[str, Any] = {"name": "Le phare", "speed": 1.25, "language": "fr-fr", "style": "kids"}
    fields["lexicon"] = "Nantes = /nɑ̃t/\n"
    wanted = request(**fields, text="Où est le phare ?\n" * 3, callback_url=CALLBACK)
    submitted = await scene.store.submit(wanted, owner="ann")
    record = submitted.record
    assert submitted.is_new
    assert is_narration_id(record.id)
    assert record == await scene.store.get(record.id, owner="ann")
    assert (record.owner, record.status) == ("ann", NarrationStatus.QUEUED)
    assert record.options["voice"] == wanted.spec.voice
    assert {name: record.options[name] for name in fields} == fields
    assert (record.options["audio"], record.options["subtitles"]) == (["mp3"], ["srt"])
    assert (record.progress, record.audio_seconds, record.error, dict(record.files)) == (0.0, 0.0, None, {})
    assert (record.started_at, record.finished_at) == (None, None)
    assert record.callback is not None
    assert (record.callback.url, record.callback.status, record.callback.attempts) == (CALLBACK, "pending", ())
    (job,) = await scene.jobs(scene.stories)
    assert json.loads(job.body) == json.loads(wanted.message(record.id, owner=record.owner))
    assert (await scene.claimed(record)).lease_ids.keys() == {"mp3", "srt"}


async def test_the_same_key_and_request_is_the_same_narration(scene: Scene) -> None:
    """As it stands by then, and with one job; other owners' keys are others."""
    first = await scene.store.submit(request(), owner="ann", idempotency_key="k1")
    await scene.completed(first.record)
    second = await scene.store.submit(request(), owner="ann", idempotency_key="k1")
    assert (second.is_new, second.record.id) == (False, first.record.id)
    assert second.record.status is NarrationStatus.COMPLETED
    other = await scene.store.submit(request(), owner="bob", idempotency_key="k1")
    again = await scene.store.submit(request(), owner="ann", idempotency_key="k2")
    keyless = [await scene.store.submit(request(), owner="ann") for _ in range(2)]
    assert len({first.record.id, *(each.record.id for each in (other, again, *keyless))}) == 5
    assert len(await scene.jobs(scene.stories)) == 5


@pytest.mark.parametrize("fields", [{"text": "It is early."}, {"speed": 2.0}, {"callback_url": CALLBACK}], ids=str)
async def test_the_same_key_with_another_request_is_refused(scene: Scene, fields: dict[str, Any]) -> None:
    """Whatever is different, and nothing is made."""
    await scene.store.submit(request(), owner="ann", idempotency_key="k1")
    with pytest.raises(IdempotencyKeyReused):
        await scene.store.submit(request(**fields), owner="ann", idempotency_key="k1")
    assert len(await scene.jobs(scene.stories)) == 1
    assert len((await scene.store.page(owner="ann", limit=10)).records) == 1


async def test_requests_that_come_together_with_one_key_are_one(scene: Scene) -> None:
    """Exactly one of them makes the narration, and all are answered with it."""
    submitted = await asyncio.gather(
        *(scene.store.submit(request(), owner="ann", idempotency_key="k1") for _ in range(8))
    )
    assert len({each.record.id for each in submitted}) == 1
    assert sum(each.is_new for each in submitted) == 1
    assert len(await scene.jobs(scene.stories)) == 1


# Who sees what


async def test_an_owner_sees_its_own_and_none_of_others(scene: Scene) -> None:
    """Neither by name nor in lists nor to cancel; None stands for whoever may see all."""
    mine, theirs = await scene.submitted("ann"), await scene.submitted("bob")
    for narration_id in (theirs.id, "nar_1", "nar_" + "0" * 32, "", "é\x01"):
        with pytest.raises(NoSuchJob):
            await scene.store.get(narration_id, owner="ann")
        with pytest.raises(NoSuchJob):
            await scene.store.cancel(narration_id, owner="ann")
        with pytest.raises(NoSuchJob):
            await scene.store.page(owner="ann", limit=10, after=narration_id)
    assert (await scene.now(theirs)).status is NarrationStatus.QUEUED
    assert [record.id for record in (await scene.store.page(owner="ann", limit=10)).records] == [mine.id]
    everybodys = await scene.store.page(owner=None, limit=10)
    assert [record.id for record in everybodys.records] == [theirs.id, mine.id]


async def test_lists_are_read_page_by_page(scene: Scene) -> None:
    """The newest first; the end of a list is said with its last page, and a new one disturbs nothing."""
    ids = [(await scene.submitted()).id for _ in range(5)]
    first = await scene.store.page(owner="ann", limit=2)
    await scene.submitted()
    second = await scene.store.page(owner="ann", limit=2, after=first.records[-1].id)
    third = await scene.store.page(owner="ann", limit=2, after=second.records[-1].id)
    last = await scene.store.page(owner="ann", limit=2, after=ids[0])
    found = [record.id for page in (first, second, third) for record in page.records]
    assert found == ids[::-1]
    assert [page.has_more for page in (first, second, third, last)] == [True, True, False, False]
    assert last.records == ()


async def test_lists_are_filtered_by_status(scene: Scene) -> None:
    """As it is at the moment, beside the owner and the page."""
    records = [await scene.submitted() for _ in range(6)]
    await scene.completed(records[1])
    await scene.completed(records[2])
    await scene.failed(records[3])
    await scene.claimed(records[4])
    await scene.store.cancel(records[5].id, owner=None)
    wanted = {"queued": [0], "running": [4], "completed": [2, 1], "failed": [3], "cancelled": [5]}
    for status, places in wanted.items():
        page = await scene.store.page(owner="ann", status=NarrationStatus(status), limit=10)
        assert [record.id for record in page.records] == [records[place].id for place in places], status
        assert {record.status for record in page.records} == {status}
    one = await scene.store.page(owner="ann", status=NarrationStatus.COMPLETED, limit=1)
    assert one.has_more
    other = await scene.store.page(owner="ann", status=NarrationStatus.COMPLETED, limit=1, after=one.records[0].id)
    assert ([record.id for record in other.records], other.has_more) == ([records[1].id], False)
