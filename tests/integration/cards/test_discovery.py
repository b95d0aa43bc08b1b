"""What Sayso finds out about an application's tables, and what it says about those that it cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sayso.cards.postgres.discovery import discover
from sayso.errors import InvalidInput, ResourceMissing
from sayso.postgres.pool import Database
from support.cards.tables import SHAPES, Shape, create_tables

if TYPE_CHECKING:
    from sayso.cards.postgres.tables import ApplicationTables
    from support.postgres.databases import Databases


async def discovered(conninfo: str, schema: str | None = None) -> ApplicationTables:
    async with Database(conninfo, listen=False) as database:
        return await discover(database, schema=schema)


def run(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def prisma_url(conninfo: str, query: str) -> str:
    parts = conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}&{query}"


@pytest.mark.parametrize("name", SHAPES)
async def test_every_shape_is_understood(databases: Databases, name: str) -> None:
    """Status as text or enum, another schema, other types of ids and times, optional columns or none."""
    shape, conninfo = SHAPES[name], databases.bare()
    create_tables(conninfo, shape)
    tables = await discovered(conninfo, shape.schema)
    assert tables.jobs.schema == shape.schema
    assert ("updatedAt" in tables.jobs) is shape.has_optional
    assert list(tables.url_columns) == ["audioUrlEn", "audioUrlFr"]
    assert tables.warnings == ()
    assert tables.jobs.required(["id", "deckId", "phrases", "totalPhrases"]) == (
        ["userId", "updatedAt"] if shape.has_optional else []
    )


async def test_the_schema_of_the_address_is_used(databases: Databases) -> None:
    """Prisma's ``?schema=``, also with the parameters of PgBouncer beside it, and with capitals and spaces."""
    conninfo = databases.bare()
    create_tables(conninfo)
    create_tables(conninfo, Shape(schema="My App"))
    url = prisma_url(conninfo, "schema=My%20App&pgbouncer=true&connection_limit=5&pool_timeout=10")
    assert (await discovered(url)).jobs.schema == "My App"
    assert (await discovered(conninfo)).jobs.schema == "public"
    run(conninfo, 'drop table public."TtsJob"')
    with pytest.raises(ResourceMissing, match='no table "TtsJob" in the schema "public"') as caught:
        await discovered(conninfo)
    assert caught.value.hint == 'There is one in the schema "My App": end the address with ?schema=My App'
    assert (await discovered(make_conninfo(conninfo, options='-c search_path="My\\ App"'))).jobs.schema == "My App"


async def test_tables_that_are_not_there_yet_are_waited_for(databases: Databases) -> None:
    """The application may be migrated after Sayso has started: that is retryable, and a similar name is pointed out."""
    conninfo = databases.bare()
    with pytest.raises(ResourceMissing) as caught:
        await discovered(conninfo)
    assert "sayso cards install" in (caught.value.hint or "")
    run(conninfo, "create table tts_jobs (id text)")
    with pytest.raises(ResourceMissing) as caught:
        await discovered(conninfo)
    assert '"public"."tts_jobs"' in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("statements", "message", "hint"),
    [
        (['alter table "TtsJob" drop column "phrases", drop column "resultUrls"'], '"phrases", "resultUrls"', "prisma"),
        (['alter table "TtsJob" alter "phrases" type text'], 'the type text, not jsonb', ""),
        (['alter table "TtsJob" alter "startedAt" type text'], 'the type text, not timestamp(3)', ""),
        (
            ['alter table "TtsJob" add constraint "c" check ("status" in (\'pending\', \'completed\', \'failed\'))'],
            'The constraint "c" of "TtsJob" refuses the status "processing".',
            "Replace it",
        ),
        (['alter table "TtsJob" alter "status" type varchar(9)'], 'holds 9 characters; "processing" has 10.', ""),
    ],
)  # fmt: skip
async def test_what_a_table_lacks_is_named(
    databases: Databases, statements: list[str], message: str, hint: str
) -> None:
    """A column, a type, a state that a constraint refuses."""
    conninfo = databases.bare()
    create_tables(conninfo)
    run(conninfo, *statements)
    with pytest.raises(InvalidInput) as caught:
        await discovered(conninfo)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


async def test_an_enum_without_a_state_is_named(databases: Databases) -> None:
    """With its labels, and the statement that adds the missing one."""
    conninfo = databases.bare()
    create_tables(conninfo)
    run(
        conninfo,
        "create type \"State\" as enum ('pending', 'completed', 'failed')",
        'alter table "TtsJob" alter "status" drop default, alter "status" type "State" using "status"::"State"',
    )
    with pytest.raises(InvalidInput) as caught:
        await discovered(conninfo)
    assert caught.value.message == (
        'The type "public"."State" of "status" lacks "processing"; it has "pending", "completed", "failed".'
    )
    assert 'ALTER TYPE "public"."State" ADD VALUE \'processing\';' in (caught.value.hint or "")


async def test_a_constraint_that_allows_all_states_is_fine(databases: Databases) -> None:
    """A check constraint is evaluated, not read: its text may have a percent sign."""
    conninfo = databases.bare()
    create_tables(conninfo)
    run(conninfo, """alter table "TtsJob" add check ("status" like any (array['p%', 'c%', 'f%']))""")
    assert (await discovered(conninfo)).warnings == ()


async def test_missing_privileges_are_named_with_their_grants(databases: Databases) -> None:
    """A user that may not update a table is stopped at the start, not at its first job."""
    conninfo = databases.bare()
    create_tables(conninfo)
    run(conninfo, 'grant select on "TtsJob" to public', "create role reader_of_cards login")
    with pytest.raises(InvalidInput) as caught:
        await discovered(make_conninfo(conninfo, options="-c role=reader_of_cards"))
    assert 'GRANT UPDATE ON "public"."TtsJob" TO reader_of_cards;' in (caught.value.hint or "")
    assert 'GRANT SELECT ON "public"."Card" TO reader_of_cards;' in (caught.value.hint or "")
    run(
        conninfo,
        'grant update ("status", "processedCount", "resultUrls", "errorMessage", "startedAt", "completedAt", '
        '"updatedAt") on "TtsJob" to reader_of_cards',
        'grant select, update ("audioUrlEn", "audioUrlFr", "updatedAt") on "Card" to reader_of_cards',
        'grant select on "Card" to reader_of_cards',
    )
    assert (await discovered(make_conninfo(conninfo, options="-c role=reader_of_cards"))).warnings == ()
    run(conninfo, 'alter table "TtsJob" enable row level security')
    tables = await discovered(make_conninfo(conninfo, options="-c role=reader_of_cards"))
    assert "ALTER ROLE reader_of_cards BYPASSRLS" in tables.warnings[0]


async def test_views_must_be_updatable(databases: Databases) -> None:
    """A view of one table is as good as a table; another one is refused. Cards may be missing."""
    conninfo = databases.bare()
    create_tables(conninfo)
    run(
        conninfo,
        'drop table "Card"',
        'alter table "TtsJob" rename to tts_jobs',
        'create view "TtsJob" as select * from tts_jobs',
    )
    tables = await discovered(conninfo)
    assert (tables.jobs.kind, tables.cards) == ("v", None)
    assert '"resultUrls"' in tables.warnings[0]
    create_tables(conninfo, Shape(schema="content"))
    assert 'There is one in the schema "content"' in (await discovered(conninfo)).warnings[0]
    run(conninfo, 'drop view "TtsJob"', 'create view "TtsJob" as select distinct * from tts_jobs')
    with pytest.raises(InvalidInput, match="view that cannot be updated"):
        await discovered(conninfo)
