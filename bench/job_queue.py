"""The overhead of the queue: jobs that do nothing, through Sayso's worker on Postgres and through procrastinate.

Both run in this process, on one embedded PostgreSQL with its durability as it comes, in turns. Jobs are enqueued one by
one, each a transaction of its own; then a worker with leases on (Sayso) or heartbeats on (procrastinate) does them all
with a handler that does nothing. The median over the rounds counts. In each round pgbench sends the same statements in
the same batches, which is the floor: see `bench.queue_floor`.

Pick-up is the time from the moment when a lone job is committed until its handler begins, in an idle worker: with
NOTIFY, and with every notification lost, when the worker finds jobs by looking.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from bench import queue_floor
from bench.report import Figure, Result, Table
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database
from sayso.workers import Job, Policy, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    import procrastinate

JOBS = 1000
CONCURRENCIES = (1, 20, 100)
PICK_UPS = 200
PICK_UPS_DEAF = 30


class Null:
    """A handler that does nothing but count, and says when it began."""

    def __init__(self) -> None:
        self.began: list[float] = []

    async def work(self, job: Job) -> None:  # noqa: ARG002 -- it does nothing
        """See `Handler.work`."""
        self.began.append(time.perf_counter())

    def has_begun(self, jobs: int) -> bool:
        """Whether so many jobs have."""
        return len(self.began) >= jobs

    async def give_up(self, job: Job, error: str) -> bool:  # noqa: ARG002 -- nobody is told
        """See `Handler.give_up`."""
        return False


def measure_job_queue(work: Path, *, runs: int) -> Result:
    """Compare the two in an empty directory ``work``, so many rounds each."""
    with EmbeddedPostgres(work / "postgres") as server:
        conninfo = server.start()
        migrate(conninfo)
        return asyncio.run(_measure(conninfo, work, runs))


async def _measure(conninfo: str, work: Path, runs: int) -> Result:
    ours: dict[int, list[float]] = {number: [] for number in CONCURRENCIES}
    theirs: dict[int, list[float]] = {number: [] for number in CONCURRENCIES}
    floors: dict[int, list[float]] = {number: [] for number in CONCURRENCIES}
    enqueues: tuple[list[float], list[float]] = ([], [])
    async with _procrastinate(conninfo) as app:
        for _ in range(runs):
            for concurrency in CONCURRENCIES:
                enqueued, done = await _sayso_round(conninfo, concurrency)
                enqueues[0].append(enqueued)
                ours[concurrency].append(done)
                enqueued, done = await _procrastinate_round(app, concurrency)
                enqueues[1].append(enqueued)
                theirs[concurrency].append(done)
                floors[concurrency].append(
                    queue_floor.jobs_a_second(conninfo, work, jobs=JOBS, batch=concurrency)  # alone, and it waits
                )
    heard = await _pick_ups(conninfo, PICK_UPS, listen=True)
    deaf = await _pick_ups(conninfo, PICK_UPS_DEAF, listen=False)
    return Result(
        name="job-queue",
        figures=_figures(ours, theirs, floors, heard, deaf),
        tables=[_table(ours, theirs, floors, enqueues)],
        notes=[f"With every notification lost, {len(deaf)} of {PICK_UPS_DEAF} lone jobs were found by looking."],
    )


@asynccontextmanager
async def _sayso(conninfo: str, *, listen: bool = True) -> AsyncIterator[PostgresQueue]:
    async with Database(conninfo, listen=listen) as database:
        queue = PostgresQueue(database, "bench")
        try:
            yield queue
        finally:
            await queue.close()


async def _sayso_round(conninfo: str, concurrency: int) -> tuple[float, float]:
    """How many jobs a second were enqueued, and done."""
    async with _sayso(conninfo) as queue:
        began = time.perf_counter()
        for _ in range(JOBS):
            await queue.enqueue("{}")
        enqueued = JOBS / (time.perf_counter() - began)
        handler = Null()
        began = time.perf_counter()
        async with _working(queue, handler, concurrency):
            await _until(partial(handler.has_begun, JOBS))
            # The last word on the last job counts too.
            while (await queue.backlog()).in_flight:  # noqa: ASYNC110 -- the database's state
                await asyncio.sleep(0.001)
        return enqueued, JOBS / (time.perf_counter() - began)


@asynccontextmanager
async def _working(queue: PostgresQueue, handler: Null, concurrency: int) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(queue, handler, Policy(at_once=concurrency)).run(stop, grace_seconds=10))
    try:
        yield
    finally:
        stop.set()
        await running


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(600):
        while not condition():  # noqa: ASYNC110 -- nothing tells, and an event for each job would be measured too
            await asyncio.sleep(0.001)


@asynccontextmanager
async def _procrastinate(conninfo: str) -> AsyncIterator[procrastinate.App]:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))

    app.task(queue="bench", name="null")(_null)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        yield app


async def _null() -> None:
    """Do nothing."""


async def _procrastinate_round(app: procrastinate.App, concurrency: int) -> tuple[float, float]:
    """How many jobs a second were enqueued, and done."""
    null = app.tasks["null"]
    began = time.perf_counter()
    for _ in range(JOBS):
        await null.defer_async()
    enqueued = JOBS / (time.perf_counter() - began)
    began = time.perf_counter()
    await app.run_worker_async(
        queues=["bench"], concurrency=concurrency, wait=False, install_signal_handlers=False, delete_jobs="never"
    )
    return enqueued, JOBS / (time.perf_counter() - began)


async def _pick_ups(conninfo: str, count: int, *, listen: bool) -> Sequence[float]:
    """How many seconds each of so many lone jobs waited."""
    waited = []
    async with _sayso(conninfo) as sender, _sayso(conninfo, listen=listen) as queue:
        handler = Null()
        async with _working(queue, handler, 1):
            await asyncio.sleep(1)
            for number in range(count):
                await asyncio.sleep(0.01 if listen else 0.037)  # not in step with whoever looks
                await sender.enqueue("{}")
                committed = time.perf_counter()
                await _until(partial(handler.has_begun, number + 1))
                waited.append(max(handler.began[-1] - committed, 0.0))
    return waited


def _figures(
    ours: dict[int, list[float]],
    theirs: dict[int, list[float]],
    floors: dict[int, list[float]],
    heard: Sequence[float],
    deaf: Sequence[float],
) -> Sequence[Figure]:
    best = max(CONCURRENCIES, key=lambda number: statistics.median(theirs[number]))
    ratios = [mine / other for mine, other in zip(ours[best], theirs[best], strict=True)]
    return [
        Figure(
            name=f"jobs a second at concurrency {best}",
            value=statistics.median(ratios),
            unit="×",
            compared_to=f"procrastinate where it is fastest; {min(ratios):.1f} to {max(ratios):.1f}",
            at_least=5,
            decimals=1,
        ),
        *(
            Figure(
                name=f"time per job at concurrency {number}",
                value=statistics.median(floors[number]) / statistics.median(ours[number]),
                unit="×",
                compared_to="pgbench with the same statements",
                at_most=1.2,
            )
            for number in CONCURRENCIES
        ),
        *(
            Figure(
                name=f"pick-up {name}, {how}",
                value=1000 * quantile(waited),
                unit="ms",
                compared_to=f"{len(waited)} lone jobs",
                decimals=1,
            )
            for how, waited in (("with NOTIFY", heard), ("all notifications lost", deaf))
            for name, quantile in (("p50", statistics.median), ("p99", _p99))
        ),
    ]


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _table(
    ours: dict[int, list[float]],
    theirs: dict[int, list[float]],
    floors: dict[int, list[float]],
    enqueues: tuple[list[float], list[float]],
) -> Table:
    rows = []
    for concurrency in CONCURRENCIES:
        mine, other, floor = (statistics.median(rates[concurrency]) for rates in (ours, theirs, floors))
        rows.append(
            (
                f"done, {concurrency} at once",
                f"{mine:,.0f}",
                f"{other:,.0f}",
                f"{mine / other:.1f}",
                f"{floor:,.0f}",
                f"{floor / mine:.2f}",
            )
        )
    mine, other = (statistics.median(rates) for rates in enqueues)
    rows.insert(0, ("enqueued one by one", f"{mine:,.0f}", f"{other:,.0f}", f"{mine / other:.1f}", "", ""))
    columns = ("what", "sayso", "procrastinate", "ratio", "pgbench, the same statements", "its ratio to sayso")
    return Table(title="Jobs a second", columns=columns, rows=rows)
