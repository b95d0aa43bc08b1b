"""Deployments that a Prisma application grows into: each has the whole life of a job."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from sayso.cards.postgres.application import Application
from sayso.postgres.pool import Database
from support.cards.places import CardsPlace, cards_place, one, results_of, spoken
from support.cards.tables import BARE, App, create_tables

if TYPE_CHECKING:
    from support.postgres.databases import Databases

PHRASES = [{"textEn": "One.", "textFr": "Un.", "cardId": "17"}, {"textEn": "Two."}]

DEPLOYMENTS: dict[str, list[str]] = {
    "domains": [
        """create domain "Id" as text check (value <> '')""",
        """create domain "Status" as varchar(12) check (value in ('pending', 'processing', 'completed', 'failed'))""",
        """create domain "Message" as varchar(30)""",
        """alter table {jobs} alter "status" drop default, alter "id" type "Id", alter "status" type "Status",
            alter "errorMessage" type "Message" """,
        """alter table {cards} alter "id" type "Id", alter "audioUrlEn" type "Message" """,
    ],
    "partitioned": [
        'alter table {jobs} rename to "old"',
        (
            'create table {jobs} (like "old" including defaults, primary key ("id", "createdAt")) '
            'partition by range ("createdAt")'
        ),
        """create table "jobs_1" partition of {jobs} for values from ('2000-01-01') to ('2020-01-01')""",
        'create table "jobs_2" partition of {jobs} default',
    ],
    "mapped to other names": [
        'alter table {jobs} rename to "tts_jobs"',
        'alter table "tts_jobs" rename "deckId" to "deck_id"',
        'alter table "tts_jobs" rename "resultUrls" to "result_urls"',
        (
            'create view {jobs} as select "id", "deck_id" as "deckId", "status", "phrases", "totalPhrases", '
            '"processedCount", "result_urls" as "resultUrls", "errorMessage", "createdAt", "startedAt", "completedAt" '
            'from "tts_jobs" where "deck_id" is not null with check option'
        ),
    ],
    "characters of a fixed number": ['alter table {jobs} alter "status" type char(12), alter "id" type char(40)'],
    "triggers of the application": [
        """create function stamp() returns trigger language plpgsql as $$ begin
            if new."status" = 'processing' and old."status" = 'pending' then
                new."startedAt" = now() at time zone 'UTC';
            end if;
            return new;
        end $$""",
        "create trigger stamp before update on {jobs} for each row execute function stamp()",
    ],
    "serializable": [
        """do $$ begin execute format('alter database %%I set default_transaction_isolation to serializable',
            current_database()); end $$"""
    ],
    "columns of other kinds": [
        (
            'alter table {jobs} add "100%% of" integer generated always as ("totalPhrases" * 100) stored, '
            'add "select" text[] not null default \'{{}}\', add "Geo ""x""" point, '
            "add \"bytes\" bytea default '\\xff', "
            'add "big" bigint default 9007199254740993, add "at" timestamptz(6) default now(), '
            'add "day" date default now()'
        )
    ],
    "without times": [
        (
            'alter table {jobs} drop "createdAt", drop "startedAt", drop "completedAt", drop "totalPhrases", '
            'drop "processedCount", drop "errorMessage", drop "deckId"'
        )
    ],
    "nullable": ['alter table {jobs} alter "createdAt" drop not null, alter "processedCount" drop not null'],
    "results that are never null": [
        """update {jobs} set "resultUrls" = '[]'""",
        """alter table {jobs} alter "resultUrls" set not null""",
    ],
}


async def live(place: CardsPlace, *, has_messages: bool) -> None:
    """The life of a job: inserted, tried, released, failed, retried, seen and completed."""
    row = await place.clients.insert("deck", PHRASES, user_id=None)
    job_id = str(row.columns["id"]).strip()
    assert row.status == "pending"
    assert [found.columns["id"] for found in await place.clients.page(limit=5)] == [row.columns["id"]]
    worker = place.worker(stuck_seconds=60.0)
    first = await one(worker)
    assert first.job_id == job_id
    job = await worker.rows.begin(first)
    assert job.phrases == PHRASES
    await worker.rows.store_progress(first, job, results_of(job, {1: {"en": "/1"}}))
    await worker.retry(first, delay_seconds=0, error="no")
    second = await one(worker)
    assert second.attempt == 2
    assert not await worker.heartbeat([second])
    await worker.rows.fail(second, error="x" * 100, job=job, results=results_of(job, {1: {"en": "/1"}}))
    await worker.dead_letter(second, reason="x")
    row = await place.clients.get(job_id)
    assert row.status == "failed"
    if has_messages:
        assert row.columns["errorMessage"].startswith("xxxxxxxxxx")
    assert (await place.clients.retry(job_id)).status == "pending"
    third = await one(worker)
    assert third.attempt == 1
    assert (await worker.backlog()).in_flight == 1
    job = await worker.rows.begin(third)
    assert await worker.rows.complete(third, job, spoken(job), error=None)
    await worker.finish(third)
    row = await place.clients.get(job_id)
    assert row.status == "completed"
    assert row.columns["resultUrls"][0] == {"audioUrlEn": "/0_en.mp3", "audioUrlFr": "/0_fr.mp3", "cardId": "17"}
    assert place.app.card("17")["audioUrlFr"] == "/0_fr.mp3"
    assert await place.administration.counts() == {"completed": 1}
    assert await place.administration.delete([job_id]) == 1


@pytest.mark.parametrize("name", DEPLOYMENTS)
async def test_an_odd_deployment(databases: Databases, name: str) -> None:
    """Everything that a job needs works, whatever else the tables have."""
    async with cards_place(databases, BARE) as place:
        for statement in DEPLOYMENTS[name]:
            place.app.execute(statement, {})
        place.app.add_card("17")
        await live(place, has_messages=name != "without times")


async def test_rows_that_a_policy_allows(databases: Databases) -> None:
    """With row security only these are worked on, which is said at the start."""
    conninfo = databases.new()
    create_tables(conninfo, BARE)
    with closing(App(conninfo, BARE)) as app:
        for statement in (
            "create role guarded_speaker login",
            "grant all on {jobs}, {cards} to guarded_speaker",
            "grant usage on schema sayso to guarded_speaker",
            "grant all on all tables in schema sayso to guarded_speaker",
            "grant usage on all sequences in schema sayso to guarded_speaker",
            "alter table {jobs} enable row level security",
            """create policy theirs on {jobs} to guarded_speaker using ("deckId" = 'deck')""",
        ):
            app.execute(statement)
        async with Database(make_conninfo(conninfo, options="-c role=guarded_speaker"), listen=False) as database:
            place = CardsPlace(app, Application(database), database)
            assert "Row security is on" in (await place.application.tables()).warnings[0]
            app.add_card("17")
            app.add_job("other", PHRASES, deck_id="other deck", age_seconds=60)
            await live(place, has_messages=True)
            assert app.job("other")["status"] == "pending"


async def test_a_column_that_a_migration_adds_is_found_without_a_restart(databases: Databases) -> None:
    """No statement misses it; a look that fails changes nothing."""
    now = 0.0
    async with cards_place(databases) as place:
        application = Application(place.application.database, clock=lambda: now)
        assert "audioUrlEs" not in (await application.tables()).url_columns
        place.app.execute('alter table {cards} add column "audioUrlEs" text')
        assert "audioUrlEs" not in (await application.tables()).url_columns
        now = 60.0
        assert "audioUrlEs" in (await application.tables()).url_columns
        statements = await application.statements()
        place.app.execute('alter table {jobs} rename to "gone"')
        now = 120.0
        assert await application.statements() is statements
