"""Statements that a connection has the server parse and plan once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.jobs.postgres.queue import PostgresQueue
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.postgres.databases import Databases

PREPARED = "select statement from pg_prepared_statements"
ASKED = "select *, %(number)s::int as number from things"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    """A database with a table of its own, and one connection."""
    async with Database(databases.new(), listen=False, connections=1) as opened:
        await opened.fetch("create table things (name text)", {}, is_repeatable=False)
        await opened.fetch("insert into things values ('one')", {}, is_repeatable=False)
        yield opened


async def ask(database: Database, number: int) -> Any:
    (row,) = await database.fetch(ASKED, {"number": number}, is_repeatable=True, is_prepared=True)
    return row


async def prepared(database: Database) -> list[str]:
    return [row["statement"] for row in await database.fetch(PREPARED, {}, is_repeatable=True)]


async def test_only_what_is_asked_for_is_prepared(database: Database) -> None:
    """And once for a connection."""
    for number in range(8):
        assert await ask(database, number) == {"name": "one", "number": number}
        await database.fetch("select 1 as one", {}, is_repeatable=True)
    assert await prepared(database) == [ASKED.replace("%(number)s", "$1")]


async def test_a_queue_prepares_what_its_workers_ask(databases: Databases) -> None:
    """Enqueueing, claiming and finishing."""
    async with Database(databases.new(), listen=False, connections=1) as database:
        queue = PostgresQueue(database, "q")
        for _ in range(3):
            await queue.enqueue("{}")
            (delivery,) = await queue.receive(1, wait_seconds=0)
            await queue.finish(delivery)
        assert len(await prepared(database)) == 3
        await queue.close()


@pytest.mark.parametrize(
    "between",
    [
        "deallocate all",
        "discard all",
        "alter table things add column colour text",
        "alter table things alter column name type varchar(9)",
    ],
)
async def test_what_the_server_has_forgotten_is_asked_all_the_same(database: Database, between: Any) -> None:
    """As behind a proxy, or after a change of a table; then the connection prepares nothing more."""
    await ask(database, 1)
    await database.fetch(between, {}, is_repeatable=False)
    for number in range(3):
        assert {"name": "one", "number": number}.items() <= (await ask(database, number)).items()


async def test_a_name_that_another_client_of_the_connection_took_is_no_error(database: Database) -> None:
    """As behind a proxy that is not known to be one."""
    await database.fetch("prepare _pg3_0 as select 2", {}, is_repeatable=False)
    assert await ask(database, 1) == {"name": "one", "number": 1}


async def test_another_errors_of_a_prepared_statement_are_its_own(database: Database) -> None:
    """They are raised as without preparing, and the connection goes on."""
    with pytest.raises(Exception, match="division by zero"):
        await database.fetch("select 1 / %(by)s::int", {"by": 0}, is_repeatable=True, is_prepared=True)
    assert (await ask(database, 3))["number"] == 3
