"""The rows of an application's jobs, as workers change them, in every shape of its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import InvalidInput, LeaseLost, ServiceUnavailable
from sayso.postgres.pool import Database
from sayso.resilience.retry import RetryableError
from support.cards.places import cards_place, one, results_of, spoken
from support.cards.tables import BARE, ENUM, ODD, PLAIN, SHAPES, Shape

if TYPE_CHECKING:
    from support.postgres.databases import Databases

UUID = "5f1c2a50-6d9c-4e6a-9a55-0a8f6f6d2f01"

PHRASES = [
    {"textEn": "One.", "textFr": "Un.", "cardId": "17"},
    {"textEn": "Two.", "textFr": "Deux."},
    {"textEn": "Three.", "textFr": "Trois.", "cardId": "18", "textEs": "Tres."},
]


def is_recent(value: datetime) -> bool:
    """Whether a time of the application is the present, in UTC."""
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - moment) < timedelta(minutes=2)


@pytest.mark.parametrize("is_apart", [False, True], ids=["one-database", "two-databases"])
@pytest.mark.parametrize("name", SHAPES)
async def test_a_job_is_worked_on_and_completed(databases: Databases, name: str, is_apart: bool) -> None:
    """Every column that there is gets what Prisma would write, and the cards their URLs."""
    shape = SHAPES[name]
    async with cards_place(databases, shape, is_apart=is_apart) as place:
        app, worker = place.app, place.worker()
        job_id = app.add_job(UUID, PHRASES, deck_id="deck 1")
        for card in ("17", "18", "19"):
            app.add_card(card)
        delivery = await one(worker)
        assert (delivery.job_id, delivery.body, delivery.attempt) == (UUID, "deck 1", 1)
        row = app.job(job_id)
        assert row["status"] == "processing"
        assert is_recent(row["startedAt"])
        job = await worker.rows.begin(delivery)
        assert (job.phrases, job.total_phrases, job.deck_id) == (PHRASES, 3, "deck 1")
        assert is_recent(job.created_at)
        results = results_of(job, {0: {"en": "/0_en", "fr": None}, 2: {"en": "/2_en", "fr": "/2_fr", "es": "/2_es"}})
        await worker.rows.store_progress(delivery, job, results)
        assert app.job(job_id)["processedCount"] == 2
        full = results_of(
            job,
            {
                0: {"en": "/0_en", "fr": None},
                1: {"en": None, "fr": None},
                2: {"en": "/2_en", "fr": "/2_fr", "es": "/2_es"},
            },
        )
        assert await worker.rows.complete(delivery, job, full, error="1 of 3 phrases have problems: it is empty, ééé.")
        await worker.finish(delivery)
        row = app.job(job_id)
        assert row["status"] == "completed"
        assert row["processedCount"] == 3
        assert row["resultUrls"] == [
            {"audioUrlEn": "/0_en", "audioUrlFr": None, "cardId": "17"},
            {"audioUrlEn": None, "audioUrlFr": None},
            {"audioUrlEn": "/2_en", "audioUrlFr": "/2_fr", "audioUrlEs": "/2_es", "cardId": "18"},
        ]
        full_error = "1 of 3 phrases have problems: it is empty, ééé."
        assert row["errorMessage"] == (full_error if shape.error == "TEXT" else f"{full_error[:39]}…")
        times = ["completedAt", "updatedAt"] if shape.has_optional else ["completedAt"]
        assert all(is_recent(row[time]) for time in times)
        assert row["createdAt"] <= row["startedAt"] <= row["completedAt"]
        assert [(app.card(card)["audioUrlEn"], app.card(card)["audioUrlFr"]) for card in ("17", "18", "19")] == [
            ("/0_en", None),
            ("/2_en", "/2_fr"),
            (None, None),
        ]
        assert await place.sql("select * from sayso.card_leases") == []


@pytest.mark.parametrize("shape", [PLAIN, ODD], ids=["timestamp", "timestamptz"])
async def test_times_are_utc_whatever_the_zone_of_the_session(databases: Databases, shape: Shape) -> None:
    """A server in Kathmandu with German dates writes and reads the same times; the age of a job is its age."""
    async with cards_place(databases, shape) as place:
        place.app.execute("""do $$ begin execute
            format('alter database %I set timezone to ''Asia/Kathmandu''', current_database()); execute
            format('alter database %I set datestyle to ''German''', current_database()); end $$""")
        job_id = place.app.add_job(UUID, PHRASES, age_seconds=3600)
        worker = place.worker()
        delivery = await one(worker)
        assert 3590 < delivery.age_seconds < 4000
        job = await worker.rows.begin(delivery)
        assert 3590 < (datetime.now(UTC) - job.created_at).total_seconds() < 4000
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        row = place.app.job(job_id)
        assert is_recent(row["startedAt"])
        assert is_recent(row["completedAt"])
        shown = (await place.clients.get(job_id)).columns
        assert shown["completedAt"].endswith("Z")
        assert is_recent(datetime.fromisoformat(shown["completedAt"]))


async def test_a_frozen_worker_changes_nothing(databases: Databases) -> None:
    """Past its lease, by the application's clock, no write takes effect, though no other worker has the job yet."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        place.app.add_card("17")
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        before = place.app.job("a")
        held = worker._held.of(delivery)
        held.valid_until = datetime.now(UTC) - timedelta(milliseconds=1)
        for change in (
            worker.rows.begin(delivery),
            worker.rows.store_progress(delivery, job, spoken(job)),
            worker.rows.complete(delivery, job, spoken(job), error=None),
            worker.rows.fail(delivery, error="no", job=job, results=spoken(job)),
        ):
            worker._held.add(held)
            with pytest.raises(LeaseLost):
                await change
            assert len(worker._held) == 0
        (lease,) = await place.sql("select leased_until > now() as lasts from sayso.card_leases")
        assert lease["lasts"]  # the next worker finds it when it expires
        assert place.app.job("a") == before
        assert place.app.card("17")["audioUrlEn"] is None


async def test_a_worker_that_was_replaced_changes_nothing(databases: Databases) -> None:
    """By "startedAt", even while its own lease seems to last: another worker has taken the job anew."""
    async with cards_place(databases, is_apart=True) as place:
        place.app.add_job("a", PHRASES)
        frozen, other = place.worker(), place.worker()
        stale = await one(frozen)
        job = await frozen.rows.begin(stale)
        await place.expire_leases()
        current = await one(other)
        with pytest.raises(LeaseLost):
            await frozen.rows.complete(stale, job, spoken(job), error=None)
        with pytest.raises(LeaseLost):
            await frozen.rows.store_progress(stale, job, spoken(job))
        assert list(await frozen.heartbeat([stale])) == [stale]
        assert (current.attempt, current.is_suspect) == (2, True)
        assert await other.rows.complete(current, await other.rows.begin(current), spoken(job), error=None)


@pytest.mark.parametrize("how", ["deleted", "cancelled", "unknown", "pending"])
async def test_what_the_application_does_to_a_row_ends_the_work(databases: Databases, how: str) -> None:
    """A row that is deleted or gets another status is left alone, and the worker notices without a heartbeat."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        if how == "deleted":
            place.app.delete("a")
        elif how == "cancelled":
            assert (await place.clients.cancel("a")).columns["errorMessage"] == "Cancelled."
        else:
            place.app.set_status("a", "on hold" if how == "unknown" else "pending")
        await worker.wait_for_revocation()
        before = place.app.job("a")
        with pytest.raises(LeaseLost):
            await worker.rows.complete(delivery, job, spoken(job), error=None)
        assert len(worker._held) == 0
        assert list(await worker.heartbeat([delivery])) == [delivery]
        assert place.app.job("a") == before
        assert await place.sql("select * from sayso.card_leases") == []
        if how == "pending":
            assert (await one(place.worker())).attempt == 1
        else:
            assert await place.worker().receive(1, wait_seconds=0) == []


async def test_a_job_that_was_edited_begins_again(databases: Databases) -> None:
    """Its results are for other phrases: nothing is stored, and the next results are."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        place.app.execute("""update {jobs} set "phrases" = '[{{"textEn": "Four."}}]', "totalPhrases" = 1""")
        assert not await worker.rows.complete(delivery, job, spoken(job), error=None)
        row = place.app.job("a")
        assert (row["status"], row["resultUrls"]) == ("processing", None)
        job = await worker.rows.begin(delivery)
        assert job.phrases == [{"textEn": "Four."}]
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        assert place.app.job("a")["resultUrls"] == [{"audioUrlEn": "/0_en.mp3", "audioUrlFr": "/0_fr.mp3"}]


async def test_progress_never_becomes_less(databases: Databases) -> None:
    """Another attempt begins at no phrase, and the application's clients see no step back."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        await worker.rows.store_progress(delivery, job, spoken(job))
        await worker.rows.store_progress(delivery, job, results_of(job, {}))
        assert place.app.job("a")["processedCount"] == 3


@pytest.mark.parametrize("shape", [PLAIN, ENUM, BARE, ODD], ids=["plain", "enum", "bare", "odd"])
async def test_a_job_that_fails_keeps_the_results_that_there_are(databases: Databases, shape: Shape) -> None:
    """The error, the time and the results; a heartbeat before the last word does not take it for a cancellation."""
    async with cards_place(databases, shape) as place:
        place.app.add_job(UUID, PHRASES)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        await worker.rows.fail(delivery, error="bad \0 \ud800", job=job, results=results_of(job, {1: {"en": "/1_en"}}))
        assert not await worker.heartbeat([delivery])
        await worker.dead_letter(delivery, reason="bad")
        row = place.app.job(UUID)
        assert (row["status"], row["errorMessage"], row["processedCount"]) == ("failed", "bad  ?", 1)
        assert is_recent(row["completedAt"])
        assert row["resultUrls"][1] == {"audioUrlEn": "/1_en", "audioUrlFr": None}
        assert await place.sql("select * from sayso.card_leases") == []


async def test_a_url_that_a_card_has_is_not_taken_away(databases: Databases) -> None:
    """A phrase that could not be spoken this time leaves the card's audio; ids that cannot be a card's are no cards."""
    phrases: list[Any] = [
        {"textEn": "One.", "cardId": "17"},
        {"textEn": "Two.", "cardId": "no number"},
        {"textEn": "Three.", "cardId": "18"},
        {"textEn": "Four.", "cardId": "018"},
    ]
    async with cards_place(databases, ODD) as place:
        for card in ("17", "18"):
            place.app.add_card(card)
        place.app.execute("""update {cards} set "audioUrlFr" = '/old'""")
        place.app.add_job(UUID, phrases)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        urls = {index: {"en": f"/{index}", "fr": None} for index in range(4)}
        assert await worker.rows.complete(delivery, job, results_of(job, urls), error=None)
        assert [place.app.card(card)["audioUrlEn"] for card in ("17", "18")] == ["/0", "/3"]
        assert {place.app.card(card)["audioUrlFr"] for card in ("17", "18")} == {"/old"}


async def test_phrases_beyond_measure_are_refused(databases: Databases) -> None:
    """They are not read into memory."""
    async with cards_place(databases) as place:
        place.app.add_job("a", [{"textEn": "x" * (17 * 2**20)}])
        worker = place.worker()
        with pytest.raises(InvalidInput, match="16 MiB"):
            await worker.rows.begin(await one(worker))


@pytest.mark.parametrize("changed", ["completed", "failed", "released", "taken"])
async def test_a_change_whose_response_was_lost_counts(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """The statement runs again, finds what it did, and does not take that for a lost lease."""
    async with cards_place(databases) as place:
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        attempt = Database.attempt
        lost: list[str] = []

        async def losing(self: Database, *arguments: Any, **named: Any) -> Any:
            rows = await attempt(self, *arguments, **named)
            if not lost:
                lost.append("response")
                raise RetryableError(ServiceUnavailable("The response was lost."))
            return rows

        def lose_next() -> None:
            monkeypatch.setattr(place.application.database, "attempt", losing.__get__(place.application.database))

        if changed == "taken":
            await place.application.tables()
            await place.application.pending(after=None, limit=1, small_only=False)
            take = place.application.take

            async def take_losing(*arguments: Any, **named: Any) -> Any:
                lose_next()
                return await take(*arguments, **named)

            monkeypatch.setattr(place.application, "take", take_losing)
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        if changed != "taken":
            lose_next()
        if changed == "completed":
            assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        elif changed == "failed":
            await worker.rows.fail(delivery, error="no")
        elif changed == "released":
            await worker._application.release(worker._held.of(delivery))
        assert lost == ["response"]
        expected = {"released": "pending", "taken": "processing"}.get(changed, changed)
        assert place.app.job("a")["status"] == expected


async def test_a_view_and_its_hidden_columns(databases: Databases) -> None:
    """An application that renamed its tables has views of the names that Sayso knows."""
    async with cards_place(databases) as place:
        place.app.execute('alter table {jobs} rename to "jobs"')
        place.app.execute('create view {jobs} as select * from public."jobs"')
        place.app.add_job("a", PHRASES)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        await worker.finish(delivery)
        assert place.app.job("a")["status"] == "completed"


async def test_phrases_that_are_nested_too_deeply_are_an_error_of_the_job(databases: Databases) -> None:
    """For its worker and for clients; it is not tried again and again."""
    async with cards_place(databases) as place:
        worker = place.worker()
        place.app.add_job("deep")
        place.app.execute("""update {jobs} set "phrases" = (repeat('[', 3000) || repeat(']', 3000))::jsonb""")
        delivery = await one(worker)
        with pytest.raises(InvalidInput, match="nested too deeply"):
            await worker.rows.begin(delivery)
        with pytest.raises(InvalidInput, match="nested too deeply"):
            await place.clients.get("deep")
