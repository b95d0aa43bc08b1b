"""Removing what is old beside running work: 100,000 jobs and 100,000 narrations with their files.

On an embedded PostgreSQL with its durability as it comes, and files in a directory. Meanwhile a worker does jobs that
do nothing, enqueued one after the other; how long each takes from its commit to its beginning is measured before the
removal and during it. PostgreSQL logs every statement that waits for a lock for more than 10 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg

from bench.job_queue import Null
from bench.report import Figure, Result, Table
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.narrations.postgres.pruning import Pruner
from sayso.narrations.retention import Retention, RetentionPolicy
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.workers import Policy, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

ROWS = 100_000
EVENTS = 5
PROBES = 100
PROBE_SECONDS = 0.02
STATEMENT_SECONDS = 10.0  # after which the server gives a statement up

FILL = """
insert into sayso.narrations (id, owner, fingerprint, job_id, status, name, voice, speed, style, audio, subtitles,
    finished_at)
select 'nar_' || md5(n::text), '', '', md5(n::text)::uuid, (array['completed', 'failed', 'cancelled'])[1 + n %% 3],
    '', '', 1, '', '{mp3}', '{srt}', now() - interval '40 days' - n * interval '1 second'
from generate_series(1, %(rows)s) as n;
insert into sayso.tasks (parent_id, task_id, status, date_updated)
select id, form, 'COMPLETED', finished_at from sayso.narrations, unnest(array['mp3', 'srt']) as form;
insert into sayso.events (parent_id, kind, at)
select id, 'progress', finished_at from sayso.narrations, generate_series(1, %(events)s);
insert into sayso.jobs (id, queue, body, state, finished_at)
select job_id, 'stories', repeat('word ', 400), 'done', finished_at from sayso.narrations;
insert into sayso.jobs (id, queue, body, state, finished_at)
select gen_random_uuid(), 'callbacks', repeat('word ', 400), (array['done', 'dead', 'cancelled'])[1 + n %% 3],
    now() - interval '40 days' - n * interval '1 second'
from generate_series(1, %(jobs)s) as n;
analyze
"""


def measure_retention(work: Path, *, narrations: int = ROWS, jobs: int = ROWS) -> Result:
    """Remove so many narrations, and jobs besides, in an empty directory ``work``."""
    options = {"log_lock_waits": "on", "deadlock_timeout": "10ms"}
    with EmbeddedPostgres(work / "postgres", options=options) as server:
        conninfo = server.start()
        migrate(conninfo)
        _fill(conninfo, work / "output", narrations, jobs)
        result = asyncio.run(_measure(conninfo, work / "output", narrations, jobs))
        waits = (work / "postgres" / "server.log").read_text(errors="replace").count("still waiting for")
    return Result(name=result.name, figures=result.figures, tables=result.tables, notes=[_lock_note(waits)])


def _lock_note(waits: int) -> str:
    return f"PostgreSQL logged {waits} statements that waited for a lock for more than 10 ms."


def _fill(conninfo: str, output: Path, narrations: int, jobs: int) -> None:
    with psycopg.connect(conninfo, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(FILL, {"rows": narrations, "events": EVENTS, "jobs": jobs})
        for (narration_id,) in connection.execute("select id from sayso.narrations").fetchall():
            directory = output / "narrations" / narration_id
            directory.mkdir(parents=True)
            for name in ("narration.mp3", "narration.srt", ".sayso-lock"):
                (directory / name).touch()


async def _measure(conninfo: str, output: Path, narrations: int, jobs: int) -> Result:
    files = SignedFiles(root=Root(output), signer=LinkSigner([b"secret" * 8]))
    removed: Counter[str] = Counter()
    batches: dict[str, list[float]] = {}
    async with Database(conninfo) as database, Database(conninfo) as pruned, _probing(database) as probe:
        before = await probe.seconds(PROBES)
        retention = Retention(
            Pruner(pruned),
            Storages({"file": LocalStorage(files)}),
            output_root=output.as_uri(),
            on_removed=lambda kind, count: removed.update({kind: count}),
            on_batch=lambda kind, seconds: batches.setdefault(kind, []).append(seconds),
        )
        began = time.perf_counter()
        pruning = asyncio.create_task(retention.prune(RetentionPolicy(narrations_days=30, jobs_days=30)))
        during: list[float] = []
        while not pruning.done():
            during += await probe.seconds(1)
        await pruning
        took_seconds = time.perf_counter() - began
    assert (removed["narrations"], removed["jobs"]) == (narrations, jobs)
    longest = max(max(each) for each in batches.values())
    return Result(
        name="retention",
        figures=[
            Figure(
                name="longest batch", value=longest, unit="s", compared_to="10 s, a statement's timeout", decimals=2
            ),
            Figure(
                name="removed in",
                value=took_seconds,
                unit="s",
                compared_to=f"{narrations:,} narrations and {jobs:,} jobs, pauses included",
                decimals=0,
            ),
        ],
        tables=[_batches_table(batches, removed), _probes_table(before, during)],
        notes=[],
    )


class Probe:
    """Lone jobs, and how long each waits for an idle worker."""

    def __init__(self, queue: PostgresQueue, handler: Null) -> None:
        self._queue = queue
        self._handler = handler

    async def seconds(self, count: int) -> list[float]:
        """How long each of so many waited, one after the other."""
        waited = []
        for _ in range(count):
            await asyncio.sleep(PROBE_SECONDS)
            seen = len(self._handler.began)
            await self._queue.enqueue("{}")
            committed = time.perf_counter()
            while not self._handler.has_begun(seen + 1):  # noqa: ASYNC110 -- nothing tells
                await asyncio.sleep(0.0005)
            waited.append(max(self._handler.began[-1] - committed, 0.0))
        return waited


@asynccontextmanager
async def _probing(database: Database) -> AsyncIterator[Probe]:
    queue, handler, stop = PostgresQueue(database, "probes"), Null(), asyncio.Event()
    working = asyncio.create_task(Worker(queue, handler, Policy(at_once=4)).run(stop, grace_seconds=10))
    try:
        await asyncio.sleep(1)
        yield Probe(queue, handler)
    finally:
        stop.set()
        await working
        await queue.close()


def _batches_table(batches: dict[str, list[float]], removed: Counter[str]) -> Table:
    return Table(
        title="What was removed",
        columns=("", "rows", "batches", "median", "longest"),
        rows=[
            (kind, f"{removed[kind]:,}", f"{len(each):,}", _ms(statistics.median(each)), _ms(max(each)))
            for kind, each in batches.items()
        ],
    )


def _probes_table(before: Sequence[float], during: Sequence[float]) -> Table:
    return Table(
        title="Until a lone job begins",
        columns=("", "jobs", "median", "p99", "longest"),
        rows=[
            (
                name,
                str(len(each)),
                _ms(statistics.median(each)),
                _ms(sorted(each)[int(0.99 * len(each))]),
                _ms(max(each)),
            )
            for name, each in (("before", before), ("during the removal", during))
        ],
    )


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"
