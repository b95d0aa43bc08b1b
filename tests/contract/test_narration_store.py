"""What every store of narrations promises, held against the one in memory and PostgreSQL's."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from narrating import request
from sayso.errors import IdempotencyKeyReused, LeaseLost, NoSuchJob
from sayso.jobs import Claim, Finished, TaskProgress
from sayso.jobs.narrations import (
    CALLBACKS_QUEUE,
    STORIES_QUEUE,
    NarrationRecord,
    NarrationStatus,
    NarrationStore,
    is_narration_id,
)
from sayso.jobs.postgres.database import Database
from sayso.jobs.postgres.narrations import PostgresNarrationStore
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.testing import InMemoryNarrationStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from sayso.jobs import Delivery, JobQueue, TaskStore

PATIENCE_SECONDS = 20.0
CALLBACK = "https://example.com/narrated"
FORMATS = ("mp3", "srt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A store with its queues and its tasks."""

    store: NarrationStore
    tasks: TaskStore
    stories: JobQueue
    callbacks: JobQueue
    is_hearing: bool = True
    """Whether changes are hinted at."""

    async def submitted(self, owner: str = "ann", **fields: Any) -> NarrationRecord:
        return (await self.store.submit(request(**fields), owner=owner)).record

    async def claimed(self, record: NarrationRecord) -> Claim:
        claim = await self.tasks.claim(record.id, FORMATS)
        assert isinstance(claim, Claim)
        return claim

    async def completed(self, record: NarrationRecord) -> None:
        claim = await self.claimed(record)
        await self.tasks.complete(claim, {name: f"file:///data/{name}" for name in claim.lease_ids})

    async def failed(self, record: NarrationRecord) -> None:
        await self.tasks.fail(await self.claimed(record), error="It was too long.")

    async def now(self, record: NarrationRecord) -> NarrationRecord:
        return await self.store.get(record.id, owner=None)

    async def jobs(self, queue: JobQueue) -> list[Delivery]:
        """Every job that can be had at once."""
        return list(await queue.receive(100, wait_seconds=0))


Opened: TypeAlias = "Callable[[], AbstractAsyncContextManager[Scene]]"


@asynccontextmanager
async def in_memory() -> AsyncIterator[Scene]:
    store = InMemoryNarrationStore()
    yield Scene(store=store, tasks=store.tasks, stories=store.stories, callbacks=store.callbacks)


async def _emptied(database: Database) -> None:
    statement = "truncate sayso.narrations, sayso.jobs, sayso.tasks, sayso.events"
    await database.fetch(statement, {}, again=True)


@asynccontextmanager
async def in_postgres(url: str, *, listen: bool = True) -> AsyncIterator[Scene]:
    async with Database(url, listen=listen) as database:
        await _emptied(database)
        queues = [PostgresQueue(database, name) for name in (STORIES_QUEUE, CALLBACKS_QUEUE)]
        tasks = PostgresTaskStore(database)
        store = PostgresNarrationStore(database)
        yield Scene(store=store, tasks=tasks, stories=queues[0], callbacks=queues[1], is_hearing=listen)
        await store.close()
        for queue in queues:
            await queue.close()


@pytest.fixture(params=["memory", "postgres", "postgres-pgbouncer"])
def opened(request: pytest.FixtureRequest) -> Opened:
    if request.param == "memory":
        return in_memory
    if request.param == "postgres":
        return partial(in_postgres, request.getfixturevalue("database_url"))
    return partial(in_postgres, request.getfixturevalue("pooled_database_url"), listen=False)


def run(opened: Opened, scenario: Callable[[Scene], Any]) -> None:
    async def main() -> None:
        async with opened() as scene:
            await scenario(scene)

    asyncio.run(main())


# Accepting


def test_what_is_accepted_is_there_with_its_job_and_its_tasks(opened: Opened) -> None:
    """The row says all that was asked for; the job's message names the narration; the tasks can be claimed."""

    async def scenario(scene: Scene) -> None:
        fields: dict[str, Any] = {"name": "Le phare", "speed": 1.25, "language": "fr-fr", "style": "kids"}
        wanted = request(**fields, text="Où est le phare ?\n" * 3, callback_url=CALLBACK)
        submitted = await scene.store.submit(wanted, owner="ann")
        record = submitted.record
        assert submitted.is_new
        assert is_narration_id(record.id)
        assert record == await scene.store.get(record.id, owner="ann")
        assert (record.owner, record.status, record.voice) == ("ann", NarrationStatus.QUEUED, wanted.voice)
        assert {name: getattr(record, name) for name in fields} == fields
        assert (record.audio, record.subtitles) == (("mp3",), ("srt",))
        assert (record.progress, record.audio_seconds, record.error, dict(record.files)) == (0.0, 0.0, None, {})
        assert (record.started_at, record.finished_at) == (None, None)
        assert record.callback is not None
        assert (record.callback.url, record.callback.status, record.callback.attempts) == (CALLBACK, "pending", ())
        (job,) = await scene.jobs(scene.stories)
        assert json.loads(job.body) == json.loads(wanted.message(record.id))
        assert (await scene.claimed(record)).lease_ids.keys() == {"mp3", "srt"}

    run(opened, scenario)


def test_the_same_key_and_request_is_the_same_narration(opened: Opened) -> None:
    """As it stands by then, and with one job; other owners' keys are others."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


@pytest.mark.parametrize("fields", [{"text": "It is early."}, {"speed": 2.0}, {"callback_url": CALLBACK}], ids=str)
def test_the_same_key_with_another_request_is_refused(opened: Opened, fields: dict[str, Any]) -> None:
    """Whatever is different, and nothing is made."""

    async def scenario(scene: Scene) -> None:
        await scene.store.submit(request(), owner="ann", idempotency_key="k1")
        with pytest.raises(IdempotencyKeyReused):
            await scene.store.submit(request(**fields), owner="ann", idempotency_key="k1")
        assert len(await scene.jobs(scene.stories)) == 1
        assert len((await scene.store.page(owner="ann", limit=10)).records) == 1

    run(opened, scenario)


def test_requests_that_come_together_with_one_key_are_one(opened: Opened) -> None:
    """Exactly one of them makes the narration, and all are answered with it."""

    async def scenario(scene: Scene) -> None:
        submitted = await asyncio.gather(
            *(scene.store.submit(request(), owner="ann", idempotency_key="k1") for _ in range(8))
        )
        assert len({each.record.id for each in submitted}) == 1
        assert sum(each.is_new for each in submitted) == 1
        assert len(await scene.jobs(scene.stories)) == 1

    run(opened, scenario)


# Who sees what


def test_an_owner_sees_its_own_and_none_of_others(opened: Opened) -> None:
    """Neither by name nor in lists nor to cancel; None stands for whoever may see all."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


def test_lists_are_read_page_by_page(opened: Opened) -> None:
    """The newest first; the end of a list is said with its last page, and a new one disturbs nothing."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


def test_lists_are_filtered_by_status(opened: Opened) -> None:
    """As it is at the moment, beside the owner and the page."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


# Going on


def test_a_narration_stands_as_its_tasks_do(opened: Opened) -> None:
    """Queued, running with its progress, completed with its files; each is a later event."""

    async def scenario(scene: Scene) -> None:
        queued = await scene.submitted()
        claim = await scene.claimed(queued)
        running = await scene.now(queued)
        await scene.tasks.beat(claim, TaskProgress(share=0.25, audio_seconds=12.5))
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

    run(opened, scenario)


def test_a_beat_without_news_is_no_event(opened: Opened) -> None:
    """Nobody is told that nothing has changed."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        claim = await scene.claimed(record)
        await scene.tasks.beat(claim, TaskProgress(share=0.5, audio_seconds=1.0))
        before = await scene.now(record)
        await scene.tasks.beat(claim)
        assert await scene.now(record) == before

    run(opened, scenario)


def test_a_narration_that_was_handed_back_goes_on(opened: Opened) -> None:
    """It is running, and it began when it was first worked on."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        claim = await scene.claimed(record)
        began = (await scene.now(record)).started_at
        await scene.tasks.release(claim)
        assert (await scene.now(record)).status is NarrationStatus.RUNNING
        await scene.completed(record)
        assert (await scene.now(record)).started_at == began

    run(opened, scenario)


def test_a_failed_narration_says_why_and_can_be_done_again(opened: Opened) -> None:
    """It has ended, until somebody claims its tasks anew."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        await scene.failed(record)
        failed = await scene.now(record)
        assert (failed.status, failed.error, dict(failed.files)) == ("failed", "It was too long.", {})
        assert failed.finished_at is not None
        claim = await scene.claimed(record)
        again = await scene.now(record)
        assert (again.status, again.error, again.finished_at) == (NarrationStatus.RUNNING, None, None)
        await scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a"))
        assert (await scene.now(record)).status is NarrationStatus.COMPLETED

    run(opened, scenario)


# Cancelling


def test_a_cancelled_narration_is_nobodys(opened: Opened) -> None:
    """Whoever works on it has lost the job and the tasks, and nobody is given them again."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        (job,) = await scene.jobs(scene.stories)
        claim = await scene.claimed(record)
        await scene.tasks.beat(claim, TaskProgress(share=0.5, audio_seconds=3.0))
        cancelled = await scene.store.cancel(record.id, owner="ann")
        assert cancelled == await scene.now(record)
        assert (cancelled.status, cancelled.error, dict(cancelled.files)) == ("cancelled", None, {})
        assert cancelled.finished_at is not None
        assert list(await scene.stories.beat([job])) == [job]
        for attempt in (
            scene.tasks.beat(claim),
            scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a")),
            scene.tasks.fail(claim, error="It was too long."),
            scene.tasks.claim(record.id, FORMATS),
        ):
            with pytest.raises(LeaseLost):
                await attempt
        await scene.tasks.release(claim)
        assert await scene.now(record) == cancelled
        assert await scene.jobs(scene.stories) == []

    run(opened, scenario)


def test_a_worker_is_told_at_once_that_a_narration_is_cancelled(opened: Opened) -> None:
    """Its queue says that some lease may have been taken away."""

    async def scenario(scene: Scene) -> None:
        told = asyncio.create_task(scene.stories.revoked())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not told.done():  # no promise is made to who does not listen yet
                record = await scene.submitted()
                await scene.jobs(scene.stories)
                await scene.store.cancel(record.id, owner="ann")
                await asyncio.wait({told}, timeout=0.05)

    run(opened, scenario)


def test_a_narration_that_waits_is_cancelled_too(opened: Opened) -> None:
    """Its job is never delivered."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        cancelled = await scene.store.cancel(record.id, owner="ann")
        assert (cancelled.status, cancelled.started_at) == (NarrationStatus.CANCELLED, None)
        assert await scene.jobs(scene.stories) == []

    run(opened, scenario)


def test_what_has_ended_is_not_cancelled(opened: Opened) -> None:
    """Completed, failed or cancelled: nothing changes, and no event is added."""

    async def scenario(scene: Scene) -> None:
        records = [await scene.submitted(callback_url=CALLBACK) for _ in range(3)]
        await scene.completed(records[0])
        await scene.failed(records[1])
        await scene.store.cancel(records[2].id, owner="ann")
        for record in records:
            before = await scene.now(record)
            assert await scene.store.cancel(record.id, owner="ann") == before
            assert await scene.now(record) == before

    run(opened, scenario)


def test_of_cancelling_and_completing_one_wins(opened: Opened) -> None:
    """Who comes together with the other either cancels or finds it completed; what is told fits what is kept."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


# Following


def test_changes_are_those_since_an_event(opened: Opened) -> None:
    """Of the narrations that are named, whoever owns them; what is not there has none."""

    async def scenario(scene: Scene) -> None:
        first, second, third = [await scene.submitted(owner) for owner in ("ann", "bob", "ann")]
        seen = {record.id: record.event_id for record in (first, second)}
        assert list(await scene.store.changes(seen | {"nar_1": 0})) == []
        assert list(await scene.store.changes({})) == []
        await scene.completed(first)
        await scene.completed(third)
        assert list(await scene.store.changes(seen)) == [await scene.now(first)]
        assert {record.id for record in await scene.store.changes({first.id: 0, second.id: 0})} == seen.keys()

    run(opened, scenario)


def test_a_change_is_hinted_at(opened: Opened) -> None:
    """To whoever waits for one when it happens."""

    async def scenario(scene: Scene) -> None:
        if not scene.is_hearing:
            return
        hint = asyncio.create_task(scene.store.hint())
        record = await scene.submitted()
        claim = await scene.claimed(record)
        async with asyncio.timeout(PATIENCE_SECONDS):
            audio_seconds = 0.0
            while not hint.done():  # no promise is made to who does not listen yet
                audio_seconds += 1
                await scene.tasks.beat(claim, TaskProgress(share=0.5, audio_seconds=audio_seconds))
                await asyncio.wait({hint}, timeout=0.05)

    run(opened, scenario)


# Callbacks


def told_of(delivery: Delivery) -> tuple[str, str]:
    content = json.loads(delivery.body)
    return content["narration_id"], content["status"]


def test_an_end_is_announced_once(opened: Opened) -> None:
    """However often it is said; a later end is another, and before the end there is nothing to announce."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted(callback_url=CALLBACK)
        await scene.store.announce(record.id)
        await scene.failed(record)
        await asyncio.gather(*(scene.store.announce(record.id) for _ in range(4)))
        claim = await scene.claimed(record)
        await scene.store.announce(record.id)
        await scene.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a"))
        await scene.store.announce(record.id)
        await scene.store.announce(record.id)
        jobs = await scene.jobs(scene.callbacks)
        assert [told_of(job) for job in jobs] == [(record.id, "failed"), (record.id, "completed")]

    run(opened, scenario)


def test_a_cancellation_is_announced_by_itself(opened: Opened) -> None:
    """Once; and nothing is announced to nobody."""

    async def scenario(scene: Scene) -> None:
        record, quiet = await scene.submitted(callback_url=CALLBACK), await scene.submitted()
        for narration_id in (record.id, quiet.id):
            await scene.store.cancel(narration_id, owner="ann")
            await scene.store.cancel(narration_id, owner="ann")
            await scene.store.announce(narration_id)
        await scene.store.announce("nar_1")
        await scene.store.announce("somebody's parent")
        assert [told_of(job) for job in await scene.jobs(scene.callbacks)] == [(record.id, "cancelled")]

    run(opened, scenario)


def test_every_attempt_to_tell_is_kept(opened: Opened) -> None:
    """In order, with when it was; how the callback stands is what was last said, and the narration has not changed."""

    async def scenario(scene: Scene) -> None:
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

    run(opened, scenario)


def test_a_callback_that_is_given_up_has_failed_until_the_next_end(opened: Opened) -> None:
    """Then it waits again to be told."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted(callback_url=CALLBACK)
        await scene.failed(record)
        await scene.store.announce(record.id)
        await scene.store.fail_callback(record.id)
        assert (await scene.now(record)).callback.status == "failed"  # type: ignore[union-attr]
        await scene.completed(record)
        await scene.store.announce(record.id)
        assert (await scene.now(record)).callback.status == "pending"  # type: ignore[union-attr]

    run(opened, scenario)


def test_attempts_to_tell_nobody_are_nothing(opened: Opened) -> None:
    """Of a narration without a callback, and of none."""

    async def scenario(scene: Scene) -> None:
        record = await scene.submitted()
        for narration_id in (record.id, "nar_1"):
            await scene.store.record_attempt(narration_id, status=200, error=None, callback="delivered")
            await scene.store.fail_callback(narration_id)
        assert await scene.now(record) == record

    run(opened, scenario)
