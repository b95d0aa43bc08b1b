"""Starting on a database that somebody else has made: what is refused at once and why, and what is enough."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from sayso.bootstrap.storages import prepare_database
from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.jobs.postgres.administration import Administration
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from support.postgres.databases import Databases

PATIENCE_SECONDS = 60.0
TERMINATE_ROLES = "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'role %'"
TEXT = "Naïve café, “quoted” – 北京, Ελλάδα 🙂"


@pytest.fixture(scope="module")
def bare(databases: Databases) -> str:
    return databases.bare()


@pytest.fixture
def role(databases: Databases) -> str:
    """A role that may log in, and nothing else."""
    name = f"role {uuid4().hex[:8]}"
    run_as_owner(databases.bare(), f'create role "{name}" login')
    return name


def run_as_owner(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def works(conninfo: str) -> None:
    """A job comes out as it went in."""
    async with Database(conninfo) as database:
        queue = PostgresQueue(database, f"q {uuid4()}")
        await queue.enqueue(TEXT)
        (delivery,) = await queue.receive(1, wait_seconds=PATIENCE_SECONDS)
        assert delivery.body == TEXT
        await queue.dead_letter(delivery, reason=TEXT)
        (report,) = await Administration(database).page(queue=queue.name, limit=1)
        assert (report.error, report.beginning) == (TEXT, TEXT)
        await queue.close()


# Who is refused


@pytest.mark.parametrize(
    ("change", "reason", "hint"),
    [
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist', "Create the database"),
        ({"user": "stranger"}, 'role "stranger" does not exist', "user"),
        ({"sslmode": "no-verify"}, "sslmode", "DATABASE_URL"),
        ({"service": "nix"}, "nix", "DATABASE_URL"),
    ],
)
def test_a_refused_login_is_said_at_once(bare: str, change: dict[str, str], reason: str, hint: str) -> None:
    """A start that waits for a database does not wait for one that refuses it, and gives the server's reason."""
    with pytest.raises(InvalidInput, match=reason) as caught:
        prepare_database(make_conninfo(bare, **change))
    assert hint in (caught.value.hint or "")


def test_a_wrong_password_is_said_at_once(bare: str, role: str) -> None:
    """Neither a wrong password nor a missing one is tried for a minute, or repeated."""
    with psycopg.connect(bare, autocommit=True) as connection:
        (place,) = connection.execute("show hba_file").fetchone() or ("",)
        rules = Path(place)
        before = rules.read_text()
        rules.write_text(f'local all "{role}" scram-sha-256\n{before}')
        connection.execute("select pg_reload_conf()")
        connection.execute(sql.SQL("alter role {} password 'right'").format(sql.Identifier(role)))
        try:
            right = make_conninfo(bare, user=role, password="right")  # noqa: S106 -- nobody's
            psycopg.connect(right).close()
            for password in ("S3cret", None):
                with pytest.raises(InvalidInput, match="password") as caught:
                    prepare_database(make_conninfo(bare, user=role, password=password))
                assert "S3cret" not in str(caught.value)
        finally:
            rules.write_text(before)
            connection.execute("select pg_reload_conf()")


@pytest.mark.parametrize("change", [{"host": "127.0.0.1", "port": 1}, {"host": "no-such-host.invalid"}])
def test_a_database_that_is_away_may_come(bare: str, change: dict[str, str]) -> None:
    """A server or a name that is not there yet is waited for."""
    with pytest.raises(ServiceUnavailable):
        migrate(make_conninfo(bare, **change))


def test_a_crowd_passes(bare: str, role: str) -> None:
    """A server that takes no more connections now refuses nobody for good."""
    run_as_owner(bare, f'alter role "{role}" connection limit 1')
    conninfo = make_conninfo(bare, user=role)
    with psycopg.connect(conninfo), pytest.raises(ServiceUnavailable, match="too many connections"):
        migrate(conninfo)


async def test_a_login_that_is_refused_later_is_waited_for(databases: Databases, role: str) -> None:
    """While it runs, a process says why it cannot connect, and goes on once it can."""
    conninfo = databases.new()
    run_as_owner(
        conninfo, f'grant all on schema sayso to "{role}"', f'grant all on all tables in schema sayso to "{role}"'
    )

    async with Database(make_conninfo(conninfo, user=role), listen=False, connect_seconds=1) as database:
        queue = PostgresQueue(database, "q")
        await queue.backlog()
        run_as_owner(conninfo, f'alter role "{role}" nologin', TERMINATE_ROLES)
        with pytest.raises(ServiceUnavailable, match="not permitted to log in"):
            await queue.backlog()
        run_as_owner(conninfo, f'alter role "{role}" login')
        await until_answered(queue)


async def until_answered(queue: PostgresQueue) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await queue.backlog()
            except ServiceUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


# What a role needs


async def test_a_schema_that_is_there_is_enough(databases: Databases, role: str) -> None:
    """A role that may create nothing in the database makes its tables in the schema that it was given."""
    conninfo = databases.bare()
    run_as_owner(conninfo, f'create schema sayso authorization "{role}"')
    own = make_conninfo(conninfo, user=role)
    migrate(own)
    migrate(own)
    await works(own)


@pytest.mark.parametrize(
    "before", [[], ["create schema sayso"], "migrated"], ids=["no schema", "another's schema", "another's tables"]
)
async def test_the_statements_that_an_administrator_needs_are_printed(
    databases: Databases, role: str, before: list[str] | str
) -> None:
    """A role without privileges is told at once which statements give them, and after these it works."""
    conninfo = databases.new() if before == "migrated" else databases.bare()
    run_as_owner(conninfo, *(before if isinstance(before, list) else []))
    own = make_conninfo(conninfo, user=role)
    with pytest.raises(InvalidInput, match="permission denied") as caught:
        prepare_database(own)
    hint = caught.value.hint or ""
    statements = hint[hint.index("run once: ") + len("run once: ") : hint.rindex(";")].split(";")
    run_as_owner(conninfo, *statements)
    prepare_database(own)
    await works(own)


# Encodings


def made_with(databases: Databases, encoding: str) -> str:
    conninfo, name = databases.bare(), f"enc_{uuid4().hex[:8]}"
    run_as_owner(conninfo, f"create database {name} encoding '{encoding}' locale 'C' template template0")
    return make_conninfo(conninfo, dbname=name)


async def test_a_database_without_an_encoding_keeps_every_text(databases: Databases) -> None:
    """What is kept in SQL_ASCII is UTF-8, whatever is cut off it."""
    conninfo = made_with(databases, "SQL_ASCII")
    migrate(conninfo)
    await works(conninfo)

    async with Database(conninfo) as database:
        queue = PostgresQueue(database, "q")
        for shift in range(3):
            await queue.enqueue("a" * shift + "北" * 200)
        reports = await Administration(database).page(queue="q", limit=3)
        assert {report.beginning.strip("a北") for report in reports} == {""}


def test_a_database_that_cannot_keep_every_text_is_refused(databases: Databases) -> None:
    """Where the encoding is LATIN1 the start ends with what to do, before anything is made."""
    conninfo = made_with(databases, "LATIN1")
    with pytest.raises(InvalidInput, match="LATIN1") as caught:
        prepare_database(conninfo)
    hint = caught.value.hint or ""
    statement = hint[hint.index("CREATE DATABASE") :].replace("DATABASE sayso", f"DATABASE s_{uuid4().hex[:8]}")
    run_as_owner(conninfo, statement)
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select to_regnamespace('sayso')").fetchone() == (None,)
