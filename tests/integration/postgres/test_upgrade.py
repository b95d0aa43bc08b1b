"""A cluster of an older PostgreSQL: what it says, and how it is moved to the newest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.postgres.embedded import upgrade as upgrade_module
from sayso.postgres.embedded.programs import (
    change_owner,
    find_program,
    major_of_cluster,
    major_of_programs,
    named_user,
    programs_of,
    run_program,
    server_user,
)
from sayso.postgres.embedded.server import USER, EmbeddedPostgres, upgraded_name
from sayso.postgres.embedded.upgrade import upgrade
from sayso.postgres.migrate import migrate
from support.missing_parts import missing
from support.postgres.databases import QUICK

if TYPE_CHECKING:
    from pathlib import Path

OLD = 16
TEXT = "Naïve “café” – 北京 🙂\n\\."


@pytest.fixture(scope="module")
def programs() -> Path:
    found = programs_of(OLD)
    if found is None:
        missing(f"the wheel has no PostgreSQL {OLD}")
    return found


@pytest.fixture
def directory(tmp_path: Path, programs: Path) -> Path:
    """A cluster of an older version, with Sayso's tables, somebody's own database, and a role."""
    directory = tmp_path / "postgres"
    directory.mkdir(mode=0o700)
    maker, user = named_user(), server_user(directory)
    if maker is not None:
        os.chown(directory, *maker)
    arguments = ("-D", str(directory), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    run_program("initdb", *arguments, user=maker, data=directory, programs=programs)
    if user is not None:
        change_owner(directory, user)
    with EmbeddedPostgres(directory, options=QUICK, programs=programs) as server:
        conninfo = server.start()
        migrate(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create role dashboard login")
            connection.execute("grant usage on schema sayso to dashboard")
            connection.execute("insert into sayso.tasks (parent_id, task_id, error) values ('a', 'b', %s)", (TEXT,))
            connection.execute("select nextval('sayso.lease_ids') from generate_series(1, 41)")
            connection.execute("create database theirs")
        with psycopg.connect(make_conninfo(conninfo, dbname="theirs"), autocommit=True) as connection:
            connection.execute("create table t as select n, n / 3.0::float8 as x from generate_series(1, 1000) n")
    return directory


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.parent.iterdir() if not path.name.endswith(".lock")}


def test_a_start_says_what_to_do(directory: Path) -> None:
    """A cluster of another version is not started, and the message names both and the command."""
    with pytest.raises(InvalidInput, match=f"PostgreSQL {OLD}") as caught:
        EmbeddedPostgres(directory).start()
    assert "sayso upgrade-database" in (caught.value.hint or "")


def test_everything_is_in_the_new_cluster_and_the_old_one_is_kept(directory: Path, programs: Path) -> None:
    """Rows, sequences, roles and other databases are there after it, and the old directory beside."""
    said: list[str] = []
    kept = upgrade(directory, say=said.append)
    assert kept is not None
    assert files(directory) == {"postgres", f"postgres.{OLD}"}
    assert major_of_cluster(kept) == OLD
    assert major_of_cluster(directory) == major_of_programs(find_program("postgres").parent)
    with EmbeddedPostgres(directory, options=QUICK) as server:
        conninfo = server.start()
        migrate(conninfo)
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("select error from sayso.tasks").fetchall() == [(TEXT,)]
            assert connection.execute("select nextval('sayso.lease_ids')").fetchone() == (42,)
            allowed = connection.execute("select has_schema_privilege('dashboard', 'sayso', 'usage')")
            assert allowed.fetchone() == (True,)
        with psycopg.connect(make_conninfo(conninfo, dbname="theirs")) as connection:
            assert connection.execute("select count(*), sum(n) from t").fetchone() == (1000, 500500)
    assert upgrade(directory, say=said.append) is None
    with EmbeddedPostgres(kept, options=QUICK, programs=programs) as server, psycopg.connect(server.start()) as old:
        assert old.execute("select error from sayso.tasks").fetchall() == [(TEXT,)]


def test_a_copy_that_is_not_alike_changes_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the comparison finds a difference, the old cluster stays where it is, and nothing else is left."""
    honest = upgrade_module._contents
    asked: list[str] = []

    def contents(conninfo: str) -> object:
        asked.append(conninfo)
        found = dict(honest(conninfo))
        return found if len(asked) % 2 else {**found, "sayso.tasks": (0, None)}

    monkeypatch.setattr(upgrade_module, "_contents", contents)
    with pytest.raises(ServiceUnavailable, match=r"sayso\.tasks"):
        upgrade(directory, say=lambda _: None)
    assert files(directory) == {"postgres"}
    assert major_of_cluster(directory) == OLD


def test_a_kill_between_the_two_renames_is_mended(directory: Path) -> None:
    """A start that finds the old cluster moved away and the new one ready uses the new one, and makes no empty one."""
    upgrade(directory, say=lambda _: None)
    directory.rename(upgraded_name(directory))
    with EmbeddedPostgres(directory, options=QUICK) as server, psycopg.connect(server.start()) as connection:
        assert connection.execute("select count(*) from sayso.tasks").fetchone() == (1,)


def test_without_the_old_programs_it_says_which_are_needed(tmp_path: Path) -> None:
    """A cluster of a version that is not at hand is left alone, and the hint says where its programs come from."""
    directory = tmp_path / "postgres"
    directory.mkdir()
    (directory / "PG_VERSION").write_text("13\n")
    with pytest.raises(InvalidInput, match="PostgreSQL 13") as caught:
        upgrade(directory, say=lambda _: None)
    assert "--programs" in (caught.value.hint or "")
    (directory / "PG_VERSION").write_text("99\n")
    with pytest.raises(InvalidInput, match="PostgreSQL 99"):
        upgrade(directory, say=lambda _: None)
