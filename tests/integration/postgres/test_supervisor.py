"""The embedded server under a supervisor: when it is killed it comes back, and work goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from sayso.errors import ServiceUnavailable
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.embedded.supervisor import Supervisor
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database
from sayso.workers import Policy, Worker
from support.jobs.workers import Outcomes, Recorder
from support.postgres.databases import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 60.0

BUSY = "select count(*) from generate_series(1, 1000000000000) as n"
"""It looks at nothing but its own numbers: the death of its server goes unnoticed."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("supervised") / "data"


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(directory, options=QUICK | {"synchronous_commit": "on"}) as server:
        yield server


def number_of(directory: Path) -> int:
    return int((directory / "postmaster.pid").read_text().split()[0])


def kill(directory: Path) -> int:
    """Kill the server as the kernel does when memory is short, and return which process it was."""
    number = number_of(directory)
    os.kill(number, signal.SIGKILL)
    return number


def wait_for_another(directory: Path, conninfo: str, number: int) -> None:
    """Until another process serves the directory, and answers."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        try:
            with psycopg.connect(conninfo):
                if number_of(directory) != number:
                    return
        except (psycopg.OperationalError, FileNotFoundError, IndexError):
            pass
        time.sleep(0.02)
    pytest.fail("the server did not come back")


async def test_jobs_are_done_once_though_the_server_is_killed_again_and_again(
    directory: Path, server: EmbeddedPostgres
) -> None:
    """Sixty jobs are each done, none lost and none twice, while the server is killed twice."""
    conninfo = server.start()
    migrate(conninfo)

    async def enqueue(queue: PostgresQueue, body: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await queue.enqueue(body, dedup_key=body)
                except ServiceUnavailable:
                    await asyncio.sleep(0.1)
                else:
                    return

    with Supervisor(server):
        async with Database(conninfo) as database:
            queue, handler, outcomes = PostgresQueue(database, "q"), Recorder(), Outcomes()
            worker = Worker(queue, handler, Policy(at_once=4), on_end=outcomes)
            stop = asyncio.Event()
            running = asyncio.create_task(worker.run(stop, grace_seconds=PATIENCE_SECONDS))
            for number in range(60):
                if number in {15, 40}:
                    await asyncio.to_thread(wait_for_another, directory, conninfo, kill(directory))
                await enqueue(queue, f"job {number}")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(set(handler.ended)) < 60:  # noqa: ASYNC110 -- the handler tells nobody
                    await asyncio.sleep(0.05)
            stop.set()
            await running
            rows = await database.fetch("select state from sayso.jobs", {}, is_repeatable=True)
            assert [row["state"] for row in rows] == ["done"] * 60
            await queue.close()


def test_a_statement_of_the_killed_server_holds_nothing_up(directory: Path, server: EmbeddedPostgres) -> None:
    """A backend that computes on after its server's death is ended, since its memory keeps another from starting."""
    conninfo = server.start()
    with closing(psycopg.connect(conninfo, autocommit=True)) as busy:
        backend = busy.info.backend_pid
        busy.pgconn.send_query(BUSY.encode())
        with psycopg.connect(conninfo, autocommit=True) as other:
            while other.execute("select 1 from pg_stat_activity where query = %s", (BUSY,)).fetchone() is None:
                time.sleep(0.01)
        with Supervisor(server):
            wait_for_another(directory, conninfo, kill(directory))
        assert not Path(f"/proc/{backend}/cwd").exists()


def test_it_says_so_while_there_is_no_server(directory: Path, server: EmbeddedPostgres) -> None:
    """While the server cannot be started the trouble is its own words, and it is over once it can."""
    conninfo = server.start()
    settings = directory / "postgresql.auto.conf"
    mended = settings.read_text()
    with Supervisor(server) as supervisor:
        assert supervisor.trouble() is None
        settings.write_text("shared_buffers = many\n")
        number = kill(directory)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while "shared_buffers" not in (supervisor.trouble() or ""):
            assert time.monotonic() < give_up, supervisor.trouble()
            time.sleep(0.01)
        settings.write_text(mended)
        wait_for_another(directory, conninfo, number)
        while supervisor.trouble() is not None:
            assert time.monotonic() < give_up, supervisor.trouble()
            time.sleep(0.01)


def test_a_server_that_is_stopped_on_purpose_stays_so(directory: Path, server: EmbeddedPostgres) -> None:
    """At the end of its block the supervisor lets go, and does not start what is stopped then."""
    with Supervisor(server):
        pass
    server.stop()
    assert not server.is_running()
    assert not (directory / "postmaster.pid").exists()
