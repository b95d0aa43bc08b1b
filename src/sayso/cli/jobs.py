"""``sayso jobs``: list, inspect, retry, cancel, redrive and remove jobs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sayso.cli.options import JsonOption, examples
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.jobs.postgres.administration import Administration, JobReport
    from sayso.postgres.pool import Database
    from sayso.settings import Settings

    T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    help="List, inspect, retry, cancel, redrive and remove jobs.\n\n"
    "The jobs are those of DATABASE_URL, or else of `sayso up` on this machine (SAYSO_DATA). With QUEUE_URL, `list` "
    "and `redrive` are about SQS, which cannot show or cancel single messages.",
)

Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Job identifiers, as `sayso jobs list` shows them.")]
QueueOption = Annotated[str, typer.Option("--queue", metavar="NAME", help="stories, or callbacks.")]


@app.command("list", epilog=examples("sayso jobs list", "sayso jobs list --state dead --json"))
def list_jobs(
    *,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="waiting, leased, done, dead or cancelled.", show_default="any")
    ] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="NAME", help="stories, or callbacks.", show_default="any")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The largest number of jobs to show.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Continue after this job.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show jobs, the newest first.

    waiting: for a worker, or for another attempt. leased: a worker processes it. dead: dead-lettered with its error,
    until it is redriven.
    """
    from sayso.jobs.postgres.administration import JOB_STATES
    from sayso.settings import load_settings

    settings = load_settings()
    if settings.queue_url is not None and settings.database_url is None:
        _print_backlog(settings, as_json=as_json)
        return
    chosen = next((known for known in JOB_STATES if known == state), None)
    if state is not None and chosen is None:
        raise InvalidInput(f"There is no state {state!r}.", hint=f"There are: {', '.join(JOB_STATES)}.")
    jobs = _with_jobs(lambda jobs: jobs.page(queue=queue, state=chosen, limit=limit, after=after), settings)
    if as_json:
        typer.echo(json.dumps({"jobs": [_document(job) for job in jobs]}, ensure_ascii=False))
        return
    for job in jobs:
        note = f"  {job.error}" if job.error and job.state != "done" else ""
        typer.echo(
            f"{job.id}  {job.queue:9} {job.state:9} {job.created_at:%Y-%m-%d %H:%M:%S}  {job.attempts} attempts{note}"
        )
    if not jobs:
        typer.echo("There are none.")


@app.command(epilog=examples("sayso jobs show 019abc…"))
def show(job_id: Annotated[str, typer.Argument(metavar="ID", help="The job.")], *, as_json: JsonOption = False) -> None:
    """Show a job: the beginning of its message, its worker, and why each attempt failed."""
    job = _with_jobs(lambda jobs: jobs.show(job_id))
    if as_json:
        typer.echo(json.dumps(_document(job), ensure_ascii=False))
        return
    for name, value in _document(job).items():
        if name != "history" and value is not None:
            typer.echo(f"{name:13} {value}")
    for entry in job.history:
        typer.echo(f"attempt {entry['attempt']:5} {entry['at']}  {entry['worker']}: {entry['error']}")


@app.command(epilog=examples("sayso jobs retry 019abc…"))
def retry(ids: Ids) -> None:
    """Retry jobs now that are dead or wait for another attempt."""

    async def retry_all(jobs: Administration) -> None:
        for job_id in ids:
            await jobs.retry(job_id)
            typer.echo(f"{job_id}: waiting")

    _with_jobs(retry_all)


@app.command(epilog=examples("sayso jobs cancel 019abc…"))
def cancel(ids: Ids) -> None:
    """Cancel jobs for good, also while workers process them; the narration of a job is cancelled with it."""

    async def cancel_all(database: Database) -> None:
        for job_id in ids:
            await _cancel(database, job_id)
            typer.echo(f"{job_id}: cancelled")

    _with_database(cancel_all)


@app.command(epilog=examples("sayso jobs redrive", "QUEUE_URL=… DLQ_URL=… sayso jobs redrive"))
def redrive(*, queue: QueueOption = "stories") -> None:
    """Retry all dead-lettered jobs, once the cause is fixed.

    For SQS: the messages of the dead-letter queue return to the queue that they came from.
    """
    from sayso.settings import load_settings

    settings = load_settings()
    if settings.queue_url is not None and settings.database_url is None:
        moved = asyncio.run(_redrive_sqs(settings, settings.queue_url))
    else:
        moved = _with_jobs(lambda jobs: jobs.redrive(queue), settings)
    typer.echo(f"{moved} jobs are retried." if moved else "There are no dead-lettered jobs.")


@app.command(
    epilog=examples(
        "sayso jobs forget --days 30",
        "sayso jobs forget --days 365 --narrations",
        "sayso jobs forget --days 90 --narrations --failed",
    )
)
def forget(
    *,
    days: Annotated[
        float, typer.Option(min=0, max=36_500, help="Only those that ended more than this many days ago.")
    ] = 30.0,
    narrations: Annotated[
        bool, typer.Option("--narrations", help="Also narrations that were completed or cancelled, with their files.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Also dead jobs, and failed narrations with --narrations.")
    ] = False,
) -> None:
    """Remove jobs that were done or cancelled, in small batches beside running work.

    Failed jobs stay by default, because they can be retried. Workers do the same automatically if
    SAYSO_KEEP_JOBS_DAYS and SAYSO_KEEP_NARRATIONS_DAYS are set.
    """
    from sayso.settings import load_settings

    settings = load_settings()
    _with_database(lambda database: _forget(database, settings, days, narrations=narrations, failed=failed), settings)


def _with_jobs(work: Callable[[Administration], Awaitable[T]], settings: Settings | None = None) -> T:
    from sayso.jobs.postgres.administration import Administration

    return _with_database(lambda database: work(Administration(database)), settings)


def _with_database(work: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run ``work`` with the database, on a new event loop, and return its result."""
    from sayso.bootstrap.jobs import job_database
    from sayso.postgres.pool import Database
    from sayso.settings import load_settings

    async def ask(conninfo: str) -> T:
        async with Database(conninfo, listen=False) as database:
            return await work(database)

    with job_database(settings or load_settings()) as conninfo:
        return asyncio.run(ask(conninfo))


async def _cancel(database: Database, job_id: str) -> None:
    from sayso.jobs.postgres.administration import Administration
    from sayso.narrations.postgres.store import PostgresNarrationStore

    jobs = Administration(database)
    job = await jobs.show(job_id)
    if job.narration_id is not None and job.queue == "stories":
        await PostgresNarrationStore(database).cancel(job.narration_id, owner=None)
    await jobs.cancel(job_id)


async def _forget(database: Database, settings: Settings, days: float, *, narrations: bool, failed: bool) -> None:
    from contextlib import AsyncExitStack

    from sayso.bootstrap.retention import open_retention
    from sayso.bootstrap.storages import open_storages
    from sayso.narrations import NarrationStatus
    from sayso.narrations.postgres.pruning_statements import JOB_ENDS

    statuses = [status for status in NarrationStatus if status.is_final and (failed or status != "failed")]
    ends = [end for end in JOB_ENDS if failed or end != "dead"]
    async with AsyncExitStack() as stack:
        retention = open_retention(settings, database, await open_storages(settings, stack))
        jobs = await retention.remove_jobs(ends, days=days)
        if narrations:
            removed = await retention.remove_narrations(statuses, days=days)
            typer.echo(f"{removed} narrations were removed.")
        typer.echo(f"{jobs} jobs were removed.")


def _document(job: JobReport) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(job).items()}


def _print_backlog(settings: Settings, *, as_json: bool) -> None:
    backlog, dead = asyncio.run(_sqs_backlog(settings))
    content = {"waiting": backlog.waiting, "in_flight": backlog.in_flight, "dead": dead}
    if as_json:
        typer.echo(json.dumps(content))
    else:
        typer.echo("\n".join(f"{name:10} {'unknown' if count is None else count}" for name, count in content.items()))


async def _sqs_backlog(settings: Settings) -> tuple[Any, int | None]:
    """The backlog of the queue, and the number of dead letters; None if no dead-letter queue is set."""
    from contextlib import AsyncExitStack

    from sayso.bootstrap.storages import open_aws
    from sayso.jobs.sqs import SqsQueue

    async with AsyncExitStack() as stack:
        client = await (await open_aws(settings, stack)).client("sqs")
        backlog = await SqsQueue(client, settings.queue_url or "").backlog()
        if settings.dlq_url is None:
            return backlog, None
        dead = await SqsQueue(client, settings.dlq_url).backlog()
        return backlog, dead.waiting + dead.in_flight


async def _redrive_sqs(settings: Settings, queue_url: str) -> int:
    from contextlib import AsyncExitStack

    from sayso.bootstrap.storages import open_aws
    from sayso.jobs.sqs.redrive import redrive as redrive_queue

    async with AsyncExitStack() as stack:
        client = await (await open_aws(settings, stack)).client("sqs")
        redriven = await redrive_queue(client, queue_url, dlq_url=settings.dlq_url)
    return redriven.moved
