"""The schema: brought up to date by whoever starts, however many do."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo

from sayso.errors import SaysoError
from sayso.postgres import migrations
from sayso.postgres.migrate import known_versions, migrate
from support.postgres.schema import FILE, describe

if TYPE_CHECKING:
    from support.postgres.databases import Databases

TABLES = {
    "jobs",
    "tasks",
    "events",
    "narrations",
    "rate_limits",
    "migrations",
    "card_files",
    "card_leases",
    "card_purchases",
    "card_sightings",
    "card_speech_claims",
    "card_triggers",
    "sync_leases",
}


def tables(conninfo: str) -> set[tuple[str, str]]:
    statement = "select schemaname, tablename from pg_tables where schemaname !~ '^(pg_|information_schema)'"
    with psycopg.connect(conninfo) as connection:
        return set(connection.execute(statement).fetchall())


def test_everything_is_in_a_schema_of_its_own(databases: Databases) -> None:
    """An empty database gets Sayso's tables, alembic's among them, and nothing outside of its schema."""
    conninfo = databases.bare()
    migrate(conninfo)
    assert tables(conninfo) == {("sayso", name) for name in TABLES}


def test_the_migrations_lead_to_the_schema_that_is_expected(databases: Databases) -> None:
    """Every table, column, default, constraint, index, function and trigger; `make schema` writes the file anew."""
    conninfo = databases.bare()
    migrate(conninfo)
    assert describe(conninfo) == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        "create table sayso.more (id text)",
        "alter table sayso.jobs add column more text",
        "alter table sayso.jobs alter column queue drop not null",
        "alter table sayso.jobs alter column attempts set default 1",
        "alter table sayso.jobs drop constraint jobs_state_check",
        "alter table sayso.tasks alter column progress type real",
        "drop index sayso.jobs_waiting",
        "create view sayso.more as select id from sayso.jobs",
        "alter sequence sayso.lease_ids increment by 2",
        "alter table sayso.tasks disable trigger narrations_follow_changes",
        "create function sayso.more() returns integer language sql as 'select 1'",
    ],
)
def test_whatever_differs_in_the_schema_is_seen(databases: Databases, change: str) -> None:
    """The text that is compared leaves out no kind of object that a migration might forget."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(change)
    assert describe(conninfo) != FILE.read_text(encoding="utf-8")


def test_versions_are_the_numbers_of_their_files() -> None:
    """What is read from the files' names is what alembic finds in them, in one line."""
    config = Config()
    config.set_main_option("script_location", next(iter(migrations.__path__)))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert revisions[::-1] == known_versions()


def test_migrating_again_changes_nothing(databases: Databases) -> None:
    """What is up to date stays as it is, with what is in it."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("insert into sayso.tasks (parent_id, task_id) values ('a', 'b')")
    migrate(conninfo)
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select parent_id, task_id from sayso.tasks").fetchall() == [("a", "b")]


def test_processes_that_start_together_take_turns(databases: Databases) -> None:
    """Two processes migrate the same empty database at once, and both succeed."""
    conninfo = databases.bare()
    command = [
        sys.executable,
        "-c",
        "import sys; from sayso.postgres.migrate import migrate; migrate(sys.argv[1])",
    ]
    processes = [subprocess.Popen([*command, conninfo], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in processes] == ["", ""]
    assert tables(conninfo) == {("sayso", name) for name in TABLES}


def test_old_code_leaves_a_newer_schema_alone(databases: Databases) -> None:
    """While versions are rolled out, a process of the old one starts on the tables of the new one."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update sayso.migrations set version_num = '9999'")
    migrate(conninfo)
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select version_num from sayso.migrations").fetchall() == [("9999",)]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:S3cret%40@127.0.0.1:1/sayso",
        "postgresql://ann:no@S3cret@host/sayso",
        "postgres//ann:S3cret@host",
        "host=127.0.0.1 port=1 user=ann password=S3cret",
        "host=127.0.0.1 port=1 user=ann password='S3cret",
    ],
)
def test_a_password_is_in_no_error(address: str) -> None:
    """Whatever is wrong with the address, neither the error nor what it came from repeats the password."""
    with pytest.raises(SaysoError) as caught:
        migrate(address)
    assert "S3cret" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.hint}"


def test_a_user_who_may_not_is_told_so(databases: Databases) -> None:
    """A database in which the user may make nothing is an error of ours, with the reason."""
    conninfo = databases.bare()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role reader login")
    with pytest.raises(SaysoError, match="permission denied"):
        migrate(make_conninfo(conninfo, user="reader"))
