"""The jobs of an application as clients and operators insert, see and change them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sayso.cards.records import JobStatus
from sayso.errors import InvalidInput, NoSuchJob
from support.cards.places import cards_place, one, spoken
from support.cards.tables import BARE, ODD, PLAIN, SHAPES, Shape

if TYPE_CHECKING:
    from support.postgres.databases import Databases

UUIDS = [f"5f1c2a50-6d9c-4e6a-9a55-0a8f6f6d2f0{number}" for number in range(10)]

PHRASES = [{"textEn": "One.", "textFr": "Un.", "cardId": "17"}, {"textEn": "50 % {off} \\ 'now'"}]


@pytest.mark.parametrize("name", SHAPES)
async def test_a_job_is_inserted_and_seen(databases: Databases, name: str) -> None:
    """It has what the application would have given it, and its times are those of JSON."""
    shape = SHAPES[name]
    async with cards_place(databases, shape) as place:
        user = "user" if shape.has_optional else None
        row = await place.clients.insert("deck", PHRASES, user_id=user)
        job_id = row.columns["id"]
        assert row.status == "pending"
        assert row.columns["phrases"] == PHRASES
        assert (row.columns["totalPhrases"], row.columns["processedCount"]) == (2, 0)
        assert (row.columns["startedAt"], row.columns["resultUrls"]) == (None, None)
        created = datetime.fromisoformat(row.columns["createdAt"])
        assert abs((datetime.now(UTC) - created).total_seconds()) < 120
        assert row.columns["createdAt"].endswith("Z")
        assert len(row.columns["createdAt"]) == len("2026-01-01T00:00:00.000Z")
        assert list(row.columns) == list(place.app.job(job_id))
        assert row.columns.get("userId") == user
        found = await place.clients.find([job_id, "no such job", UUIDS[9]])
        assert list(found) == [job_id]
        assert "phrases" not in found[job_id].columns
        assert await place.clients.find([]) == {}
        assert (await one(place.worker())).job_id == job_id


async def test_what_the_table_requires_is_asked_for(databases: Databases) -> None:
    """A user, a deck that fits its column, a column that Sayso does not know."""
    async with cards_place(databases) as place:
        with pytest.raises(InvalidInput, match="requires a value for userId") as caught:
            await place.clients.insert("deck", PHRASES, user_id=None)
        assert "SAYSO_CARDS_USER_ID" in (caught.value.hint or "")
        with pytest.raises(InvalidInput, match="deckId"):
            await place.clients.insert("deck\0", PHRASES, user_id="user")
        with pytest.raises(InvalidInput):
            await place.clients.insert("deck", [{"textEn": "a\0b"}], user_id="user")
        place.app.execute('create table "Deck" ("id" text primary key)')
        place.app.execute('alter table {jobs} add foreign key ("deckId") references "Deck" ("id")')
        with pytest.raises(InvalidInput, match="foreign key"):
            await place.clients.insert("deck", PHRASES, user_id="user")
        place.app.execute('alter table {jobs} add column "priority" integer not null')
        await place.application.refresh()
        with pytest.raises(InvalidInput, match="requires a value for priority"):
            await place.clients.insert("deck", PHRASES, user_id="user")


async def test_ids_may_be_numbers_of_the_database(databases: Databases) -> None:
    """Then the database gives the id."""
    async with cards_place(databases, Shape(id="SERIAL")) as place:
        row = await place.clients.insert("deck", PHRASES, user_id="user")
        assert row.columns["id"] == 1
        assert (await place.clients.get("1")).columns["id"] == 1
        for other in ("one", "1.5", "99999999999", "-1", "١", ""):
            with pytest.raises(NoSuchJob):
                await place.clients.get(other)
        worker = place.worker()
        delivery = await one(worker)
        assert delivery.job_id == "1"
        job = await worker.rows.begin(delivery)
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)


@pytest.mark.parametrize("shape", [PLAIN, ODD], ids=["text", "uuid"])
async def test_an_id_that_cannot_be_one_is_that_of_no_job(databases: Databases, shape: Shape) -> None:
    """Whatever it is, in every call."""
    async with cards_place(databases, shape) as place:
        place.app.add_job("5F1C2A50-6D9C-4E6A-9A55-0A8F6F6D2F09" if shape is ODD else "a")
        if shape is ODD:
            assert (await place.clients.cancel("{5f1c2a506d9C4e6A9a55-0a8f6f6d2f09}")).status == "failed"
        for job_id in ("nothing", "urn:uuid:" + UUIDS[0], "\0", "\ud800", "'; drop table", "%s", UUIDS[0]):
            for call in (place.clients.get, place.clients.cancel, place.clients.retry):
                with pytest.raises(NoSuchJob):
                    await call(job_id)
            with pytest.raises(NoSuchJob):
                await place.clients.page(limit=1, after=job_id)


async def test_pages(databases: Databases) -> None:
    """The newest first, those of one instant by their ids; of one deck, of one status."""
    async with cards_place(databases, BARE) as place:
        for number in range(7):
            place.app.add_job(UUIDS[number], deck_id=f"deck {number % 2}", age_seconds=float(-(number // 2)))
        place.app.set_status(UUIDS[3], "failed")
        pages, after = [], None
        while page := await place.clients.page(limit=3, after=after):
            pages.append([row.columns["id"] for row in page])
            after = pages[-1][-1]
        assert pages == [[UUIDS[6], UUIDS[5], UUIDS[4]], [UUIDS[3], UUIDS[2], UUIDS[1]], [UUIDS[0]]]
        of_deck = await place.clients.page(deck_id="deck 1", limit=10)
        assert [row.columns["id"] for row in of_deck] == [UUIDS[5], UUIDS[3], UUIDS[1]]
        failed = await place.clients.page(status=JobStatus.FAILED, limit=10)
        assert [row.columns["id"] for row in failed] == [UUIDS[3]]
        assert await place.clients.page(deck_id="\0", limit=10) == []


async def test_a_job_is_cancelled_once(databases: Databases) -> None:
    """One that has not ended is failed; one that has ended stays as it is."""
    async with cards_place(databases, ODD) as place:
        for status in ("pending", "processing", "completed", "archived"):
            job_id = UUIDS[len(status) % 10]
            place.app.add_job(job_id, status=status)
            row = await place.clients.cancel(job_id)
            if status in {"pending", "processing"}:
                assert (row.status, row.columns["errorMessage"]) == ("failed", "Cancelled.")
                assert row.columns["completedAt"] is not None
            else:
                assert (row.status, row.columns["completedAt"]) == (status, None)
            place.app.delete(job_id)


async def test_a_failed_job_is_retried_as_if_it_was_new(databases: Databases) -> None:
    """Without its error, its times, its results, its attempts and its delay; others stay."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        await worker.retry(await one(worker), delay_seconds=0, error="no")
        await worker.retry(await one(worker), delay_seconds=3600, error="no")
        await place.clients.cancel("a")
        row = await place.clients.retry("a")
        assert row.status == "pending"
        assert {row.columns[name] for name in ("errorMessage", "startedAt", "completedAt", "resultUrls")} == {None}
        delivery = await one(worker)
        assert delivery.attempt == 1
        job = await worker.rows.begin(delivery)
        await worker.rows.complete(delivery, job, spoken(job), error=None)
        before = place.app.job("a")
        assert (await place.clients.retry("a")).status == "completed"
        assert place.app.job("a") == before


async def test_a_cancelled_job_that_is_retried_at_once_has_one_worker(databases: Databases) -> None:
    """The worker that had it may not have noticed: the next one has it after that, and the first changes nothing."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        first, second = place.worker(), place.worker()
        stale = await one(first)
        job = await first.rows.begin(stale)
        await place.clients.cancel("a")
        await place.clients.retry("a")
        assert await second.receive(1, wait_seconds=0.3) == []  # the lease is the first one's still
        assert list(await first.heartbeat([stale])) == [stale]
        current = await one(second)
        assert await second.rows.complete(current, await second.rows.begin(current), spoken(job), error=None)


async def test_many_failed_jobs_are_retried_and_old_ones_deleted(databases: Databases) -> None:
    """All, or those that failed lately; only jobs that have ended are deleted."""
    async with cards_place(databases) as place:
        for number in range(6):
            place.app.add_job(f"job {number}", status="failed" if number < 4 else "completed")
        place.app.execute("""update {jobs} set "completedAt" = now() - interval '2 days' where "id" < 'job 2'""")
        place.app.execute("""update {jobs} set "completedAt" = now() where "id" >= 'job 2'""")
        assert await place.administration.counts() == {"completed": 2, "failed": 4}
        assert await place.administration.old(older_than_seconds=86400) == ["job 0", "job 1"]
        assert await place.administration.retry_failed(within_seconds=3600) == ["job 2", "job 3"]
        assert await place.administration.delete([f"job {number}" for number in range(6)]) == 4
        assert await place.administration.counts() == {"pending": 2}
        assert await place.administration.retry_failed() == []


async def test_other_types_of_the_json_columns(databases: Databases) -> None:
    """``json`` and arrays of ``jsonb`` hold the same."""
    async with cards_place(databases) as place:
        place.app.execute(
            'alter table {jobs} alter "phrases" type json using "phrases"::json, '
            'alter "resultUrls" type jsonb[] using null'
        )
        row = await place.clients.insert("deck", PHRASES, user_id="user")
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        assert job.phrases == PHRASES
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        shown = await place.clients.get(row.columns["id"])
        assert shown.columns["resultUrls"][1] == {"audioUrlEn": "/1_en.mp3", "audioUrlFr": "/1_fr.mp3"}
