"""The embedded server: there when it is asked for, whatever became of whoever had it before."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from sayso.errors import NotInstalled, OutputFailed, ServiceUnavailable
from sayso.postgres.embedded import programs
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database
from support.postgres.databases import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator


VARIABLES = {
    "PGHOST": "db.invalid",
    "PGHOSTADDR": "203.0.113.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nonexistent",
    "PGDATABASE": "nowhere",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGSYSCONFDIR": "/nonexistent",
    "PGOPTIONS": "-c search_path=nowhere -c statement_timeout=1",
    "PGAPPNAME": "psql",
    "PGCLIENTENCODING": "LATIN1",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGTARGETSESSIONATTRS": "standby",
    "PGLOADBALANCEHOSTS": "random",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nonexistent",
    "PGSSLCERT": "/nonexistent",
    "PGSSLKEY": "/nonexistent",
    "PGSSLNEGOTIATION": "direct",
    "PGGSSENCMODE": "require",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGREQUIREPEER": "nobody-at-all",
    "PGCHANNELBINDING": "require",
    "PGMINPROTOCOLVERSION": "3.2",
    "PGTZ": "Nowhere/Nowhere",
    "PGDATESTYLE": "nonsense",
    "PGGEQO": "nonsense",
}
"""What a shell may have for another server; each by itself would do harm."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a first start was killed in its middle."""
    parent = tmp_path_factory.mktemp("embedded") / "a directory with spaces and 'quotes'"
    (parent / ".data.begun").mkdir(parents=True)
    (parent / ".data.begun" / "PG_VERSION").write_text("18\n")
    return parent / "data"


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(directory, options=QUICK) as server:
        yield server


@pytest.fixture(autouse=True)
def _running(server: EmbeddedPostgres) -> None:
    """Each test finds the server up, and may leave it down."""
    server.start()


def pid(directory: Path) -> int:
    return int((directory / "postmaster.pid").read_text().split()[0])


def answers(conninfo: str) -> bool:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_it_answers_to_its_owner_alone(server: EmbeddedPostgres, directory: Path) -> None:
    """It runs, keeps its data where others may not look, and listens on no network."""
    conninfo = server.start()

    assert answers(conninfo)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    socket = Path(str(conninfo_to_dict(conninfo)["host"]), ".s.PGSQL.5432")
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)


def test_it_does_not_run_as_root(directory: Path) -> None:
    """Whoever starts it, PostgreSQL's own user is not root."""
    assert directory.stat().st_uid != 0


def test_starting_it_again_finds_it(server: EmbeddedPostgres, directory: Path) -> None:
    """A second start, by anybody, is the same server."""
    before = pid(directory)
    assert EmbeddedPostgres(directory).start() == server.start()
    assert pid(directory) == before


def test_it_outlives_a_starter_that_was_killed(directory: Path, server: EmbeddedPostgres) -> None:
    """A process that started it and is killed leaves a server that the next one finds, and can stop."""
    server.stop()
    script = (
        "import os, pathlib, signal, sys\n"
        "from sayso.postgres.embedded.server import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), options={'fsync': 'off'}).start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    starter = subprocess.run([sys.executable, "-c", script, str(directory)], check=False)
    assert starter.returncode == -signal.SIGKILL

    before = pid(directory)
    assert answers(server.start())
    assert pid(directory) == before
    server.stop()
    assert not (directory / "postmaster.pid").exists()
    server.stop()  # nothing to stop is no error


def test_a_server_that_was_killed_is_replaced(directory: Path, server: EmbeddedPostgres) -> None:
    """After a kill of the server itself its data are there, though clients still held connections."""
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("set synchronous_commit to on")
        connection.execute("create table kept as select 7 as number")
        os.kill(pid(directory), signal.SIGKILL)
        conninfo = server.start()
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)


def test_a_server_that_does_not_stop_is_ended_as_by_a_crash(tmp_path: Path) -> None:
    """One of its processes hangs, and what was committed is there at the next start."""
    server = EmbeddedPostgres(tmp_path / "data", options=QUICK, stop_seconds=1)
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("set synchronous_commit to on")
        connection.execute("create table kept as select 7 as number")
        row = connection.execute("select pid from pg_stat_activity where backend_type = 'checkpointer'").fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)
    try:
        server.stop()
    finally:
        with suppress(ProcessLookupError):
            os.kill(row[0], signal.SIGCONT)
    assert not server.is_running()
    with psycopg.connect(server.start()) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)
    server.stop()


def test_another_process_with_its_old_number_is_not_taken_for_it(directory: Path, server: EmbeddedPostgres) -> None:
    """A container that starts again often has some other process under the number that the server had."""
    record = (directory / "postmaster.pid").read_text()
    server.stop()
    number, rest = record.split("\n", 1)
    assert number.isdigit()
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (directory / name).write_text(f"{os.getpid()}\n{rest}")
    assert answers(server.start())


async def test_the_shells_variables_lead_nowhere(
    directory: Path, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever libpq's variables say of the user's own servers, the embedded one starts, answers and is migrated."""
    server.stop()
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    conninfo = EmbeddedPostgres(directory, options=QUICK).start()
    migrate(conninfo)
    async with Database(conninfo) as database:
        found = "select current_user, current_database(), current_setting('search_path') as path"
        (row,) = await database.fetch(found, {}, is_repeatable=False)
        assert row == {"current_user": "sayso", "current_database": "postgres", "path": '"$user", public'}
    assert not VARIABLES.keys() & os.environ.keys()


def test_a_first_start_that_was_interrupted_does_no_harm(directory: Path) -> None:
    """What a kill in its middle had left is gone, and the data were made whole."""
    assert not (directory.parent / ".data.begun").exists()
    assert (directory / "global" / "pg_control").exists()


def test_a_long_path_is_no_obstacle(directory: Path, server: EmbeddedPostgres, tmp_path: Path) -> None:
    """The socket of a directory whose path is too long for one is elsewhere, for its owner alone, until it stops."""
    server.stop()
    moved = tmp_path / ("d" * 120) / "data"
    moved.parent.mkdir()
    directory.rename(moved)
    with EmbeddedPostgres(moved, options=QUICK) as elsewhere:
        conninfo = elsewhere.start()
        assert answers(conninfo)
        place = Path(str(conninfo_to_dict(conninfo)["host"]))
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not place.exists()
    moved.rename(directory)


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Files that are no database are not overwritten, and the message names the directory."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("chapter one")
    with pytest.raises(OutputFailed, match=str(tmp_path / "data")):
        EmbeddedPostgres(tmp_path / "data").start()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["thesis.txt"]


def test_a_server_that_cannot_start_says_why(directory: Path, server: EmbeddedPostgres) -> None:
    """The error has the server's own words, and where its log is."""
    server.stop()
    with pytest.raises(ServiceUnavailable, match="shared_buffers") as caught:
        EmbeddedPostgres(directory, options={"shared_buffers": "many"}).start()
    assert "server.log" in (caught.value.hint or "")


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the optional part, the hint says how to get it."""
    monkeypatch.setattr(programs, "_WHEEL", "sayso_no_such_wheel")
    with pytest.raises(NotInstalled) as caught:
        EmbeddedPostgres(tmp_path / "data").start()
    assert "[embedded]" in (caught.value.hint or "")


@pytest.fixture
def no_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root on a machine without a user ``postgres``."""
    if os.geteuid() != 0:
        pytest.skip("only root has another user run the server")
    others = [entry for entry in pwd.getpwall() if entry.pw_name != "postgres"]
    monkeypatch.setattr(pwd, "getpwall", lambda: others)


@pytest.mark.usefixtures("no_postgres")
def test_without_its_own_user_it_runs_as_nobody_else(tmp_path: Path) -> None:
    """Neither nobody nor anybody else whom the machine knows owns the data and the process, and it comes back."""
    directory = tmp_path / "data"
    for _ in range(2):
        with EmbeddedPostgres(directory, options=QUICK) as server:
            assert answers(server.start())
            owner = directory.stat().st_uid
            assert owner not in {entry.pw_uid for entry in pwd.getpwall()}
            assert Path(f"/proc/{pid(directory)}").stat().st_uid == owner
    assert {path.stat().st_uid for path in (directory, *directory.rglob("*"))} == {owner}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"data", "data.lock"}] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user run the server")
def test_programs_in_a_directory_of_roots_alone_run(tmp_path: Path) -> None:
    """Root may install Sayso where no other user can enter: the programs still find and start each other."""
    closed, data = tmp_path / "closed", tmp_path / "closed" / "data"
    closed.mkdir(mode=0o700)
    installed = closed / "bin"
    installed.symlink_to(programs.find_program("initdb").parent)
    user = programs.named_user()
    assert user is not None
    data.mkdir(mode=0o700)
    os.chown(data, *user)
    programs.run_program("initdb", "-D", str(data), "--no-sync", user=user, data=data, programs=installed)
    assert programs.major_of_cluster(data) == programs.major_of_programs(installed)


@pytest.mark.usefixtures("no_postgres")
def test_data_of_nobody_are_taken_from_it(tmp_path: Path) -> None:
    """What an earlier version let nobody own has an owner of its own at the next start, and all its content."""
    directory = tmp_path / "data"
    with EmbeddedPostgres(directory, options=QUICK) as server, psycopg.connect(server.start()) as connection:
        connection.execute("create table kept as select 7 as number")
    nobody = pwd.getpwnam("nobody")
    programs.change_owner(directory, programs.ServerUser(nobody.pw_uid, nobody.pw_gid))
    with EmbeddedPostgres(directory, options=QUICK) as server, psycopg.connect(server.start()) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)
    assert nobody.pw_uid not in {path.stat().st_uid for path in (directory, *directory.rglob("*"))}
