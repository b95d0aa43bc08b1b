"""``sayso migrate`` brings the tables up to date, or says what is pending."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sayso.postgres.migrate import known_versions, schema_state

if TYPE_CHECKING:
    from support.command_line import RunSayso
    from support.postgres.databases import Databases

FIRST, *LATER = known_versions()
NEWEST = LATER[-1]


def at_first_version(databases: Databases) -> str:
    """A database as the first version of Sayso left it."""
    conninfo = databases.bare()
    first = importlib.import_module("sayso.postgres.migrations.versions.0001_jobs")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create schema sayso")
        connection.execute(first.UP)
        connection.execute("create table sayso.migrations (version_num varchar(32) primary key)")
        connection.execute("insert into sayso.migrations values (%s)", [FIRST])
    return conninfo


def test_what_was_done_is_said(sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version before, the one after, and each that was applied; the second time there is nothing to do."""
    monkeypatch.setenv("DATABASE_URL", at_first_version(databases))
    done = sayso("migrate")
    assert (done.code, done.out) == (
        0,
        f"The tables were at version {FIRST}; they are at version {NEWEST} now. Applied: {', '.join(LATER)}.\n",
    )
    again = sayso("migrate")
    assert (again.code, again.out) == (0, f"The tables are up to date, at version {NEWEST}.\n")


def test_an_empty_database_gets_everything(
    sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was no version before."""
    monkeypatch.setenv("DATABASE_URL", databases.bare())
    done = json.loads(sayso("migrate", "--json").out)
    assert done == {"before": None, "after": NEWEST, "applied": [FIRST, *LATER]}


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_a_check_changes_nothing(
    sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """What is pending is said, and the exit code is 3; after the migration it is 0."""
    conninfo = at_first_version(databases)
    monkeypatch.setenv("DATABASE_URL", conninfo)
    looked = sayso("migrate", option)
    assert (looked.code, looked.out) == (3, f"The tables are at version {FIRST}; pending: {', '.join(LATER)}.\n")
    assert schema_state(conninfo).version == FIRST
    assert sayso("migrate").code == 0
    looked = sayso("migrate", option)
    assert (looked.code, looked.out) == (0, f"The tables are up to date, at version {NEWEST}.\n")


def test_a_check_of_an_empty_database(sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is pending, and nothing is made."""
    conninfo = databases.bare()
    monkeypatch.setenv("DATABASE_URL", conninfo)
    looked = sayso("migrate", "--check", "--json")
    assert (looked.code, json.loads(looked.out)) == (3, {"version": None, "pending": [FIRST, *LATER]})
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select to_regnamespace('sayso')").fetchone() == (None,)


def test_a_check_names_migrations_that_the_previous_version_cannot_work_with(
    sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment asks before it starts the new version beside the old one."""
    monkeypatch.setenv("DATABASE_URL", at_first_version(databases))
    monkeypatch.setattr("sayso.postgres.migrate.contracting_versions", lambda: [FIRST, NEWEST])
    looked = sayso("migrate", "--check", "--json")
    assert (looked.code, json.loads(looked.out)["contracting"]) == (3, [NEWEST])
    assert f"The previous version of Sayso cannot work after {NEWEST}." in sayso("migrate", "--check").out


def test_newer_tables_are_left_alone(sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a version that this one does not know: nothing is pending, and nothing is changed."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update sayso.migrations set version_num = '9999'")
    monkeypatch.setenv("DATABASE_URL", conninfo)
    assert sayso("migrate").out == "The tables are up to date, at version 9999.\n"
    assert sayso("migrate", "--check").code == 0
    assert schema_state(conninfo).version == "9999"


@pytest.mark.parametrize("arguments", [["migrate"], ["migrate", "--check"]])
def test_without_a_database_it_is_wrong_use(
    sayso: RunSayso, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """The variable is named."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    refused = sayso(*arguments)
    assert refused.code == 2
    assert "DATABASE_URL is not set." in refused.err


def test_missing_privileges_are_said_with_the_statements(
    sayso: RunSayso, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at a start: what an administrator runs, and 2, since trying again does not help."""
    conninfo = databases.bare()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role bystander login")
    monkeypatch.setenv("DATABASE_URL", make_conninfo(conninfo, user="bystander"))
    refused = sayso("migrate")
    assert refused.code == 2
    assert "CREATE SCHEMA sayso AUTHORIZATION bystander;" in refused.err


def test_a_database_that_is_away_fails_a_check_at_once(sayso: RunSayso, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 1: it cannot be said whether something is pending."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/sayso")
    failed = sayso("migrate", "--check")
    assert failed.code == 1
    assert "The database cannot be reached" in failed.err
