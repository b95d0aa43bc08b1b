"""``sayso cards``: prepare an application's database for the role ``cards``, look after its jobs, and clean up."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from sayso.cli.card_check import check
from sayso.cli.card_report import report_lines, report_of
from sayso.cli.durations import seconds_of
from sayso.cli.options import JsonOption, examples
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sayso.bootstrap.card_tools import CardTools
    from sayso.cards.removal import Leftovers

    T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    help="Prepare an application's database for `sayso run cards`, look after its jobs, and clean up.\n\n"
    'The application has the tables "TtsJob" and "Card" in DATABASE_URL; without it, the tables are those of `sayso '
    "up` on this machine (SAYSO_DATA). Each phrase is spoken in every language that it carries: textEn is English "
    "(alloy, or af_heart where no cloud speaks), textFr French (verse, or ff_siwis), and textEs, textPtBr and so on "
    "are others. SAYSO_VOICE_EN, SAYSO_VOICE_FR, SAYSO_VOICE_ES … name other voices; `sayso voices` lists them.",
)

_SHOWN = 10
"""How many jobs or files a message names."""


@app.command(
    epilog=examples("sayso cards install", "sayso cards install --sql | psql …", "sayso cards install --tables")
)
def install(
    *,
    tables: Annotated[
        bool, typer.Option("--tables", help='Also "TtsJob" and "Card" themselves, where no application has them.')
    ] = False,
    as_sql: Annotated[
        bool, typer.Option("--sql", help="Change nothing: print what a DBA runs once, where this user may not.")
    ] = False,
) -> None:
    """Install the trigger that notifies workers of a new job, so that it is begun at once.

    Without it they look every POLL_INTERVAL_MS. It is one trigger and one function in the application's schema; a reset
    of its migrations takes them away, which `sayso cards status` reports. Run this again then.
    """
    if as_sql:
        _with_tools(_print_sql, are_prepared=False)
    else:
        _with_tools(lambda tools: _install(tools, tables=tables))


@app.command(epilog=examples("sayso cards uninstall", "sayso cards uninstall --tables"))
def uninstall(
    *,
    tables: Annotated[
        bool, typer.Option("--tables", help="Also the tables that `sayso cards install --tables` made.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With --tables: also if they have rows.")] = False,
) -> None:
    """Remove the trigger; nothing of Sayso's is in the application's schema then.

    Workers go on, and look every POLL_INTERVAL_MS. Sayso's own schema stays: it has the record of files and purchases.
    """
    _with_tools(lambda tools: _uninstall(tools, tables=tables, force=force))


@app.command(epilog=examples("sayso cards status", "sayso cards status --json | jq .jobs"))
def status(*, as_json: JsonOption = False) -> None:
    """Show how many jobs there are, the trigger, the leases of the workers, and jobs that are stuck.

    stuck: in processing, and no worker of Sayso has it: another worker's, or a dead one's. It is taken over when it has
    not changed for SAYSO_CARDS_STUCK_SECONDS.
    """
    document = _with_tools(_status)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    for name, count in document["jobs"].items():
        typer.echo(f"{name:11} {count}")
    if not document["jobs"]:
        typer.echo("There are no jobs.")
    typer.echo(f"trigger     {document['trigger']}{_NOTES.get(document['trigger'], '')}")
    for lease in document["leases"]:
        state = "has it now" if lease["is_held"] else f"next attempt in {lease['due_seconds']:.0f} s"
        error = f": {lease['last_error']}" if lease["last_error"] else ""
        typer.echo(f"lease       {lease['job_id']}  {lease['worker']}  attempt {lease['attempts']}, {state}{error}")
    for job in document["stuck"]:
        since = "not seen yet" if job["seconds"] is None else f"unchanged for {job['seconds']:.0f} s"
        typer.echo(f"stuck       {job['job_id']}  {since}")


_NOTES = {
    "lost": ": a reset of the migrations took it away; run: sayso cards install",
    "absent": ": workers poll; `sayso cards install` makes them begin at once",
    "disabled": ": an administrator has disabled it; `sayso cards install` enables it",
}


@app.command(
    epilog=examples("sayso cards retry cm4x…", "sayso cards retry --since 24h", "sayso cards retry --all --json")
)
def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[JOB]…", help="The ids of failed jobs.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All failed jobs.")] = False,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="All that failed within this time, such as 90m, 24h or 7d.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set failed jobs to pending again, as if they were new.

    Phrases that were spoken already are not bought again. A job that was cancelled has failed, too.
    """
    if bool(ids) + everything + (since is not None) != 1:
        raise InvalidInput("Which jobs?", hint="Name them, or give --all, or --since 24h.")
    seconds = None if since is None else seconds_of("--since", since)
    retried = _with_tools(lambda tools: _retry(tools, ids or [], within_seconds=seconds))
    if as_json:
        typer.echo(json.dumps({"retried": retried}))
        return
    for job_id in retried:
        typer.echo(f"{job_id}: pending")
    if not retried:
        typer.echo("There are no failed jobs.")


app.command(epilog=examples("sayso cards check", "sayso cards check --deck cm4deck --user cm4user --text 'Hello.'"))(
    check
)


@app.command(epilog=examples("sayso cards clean --older-than 30d", "sayso cards clean --older-than 90d --yes"))
def clean(
    *,
    older_than: Annotated[str, typer.Option("--older-than", metavar="TIME", help="Only what is older, as 30d or 12w.")],
    without_record: Annotated[
        bool,
        typer.Option(
            "--without-record",
            help="Also files with a card's name that Sayso did not publish, such as those of the worker before it.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; by default it is only shown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove jobs that ended long ago, and the MP3 files that neither a card nor another job names.

    Jobs are rows of "TtsJob" that are completed or failed. Files are removed only if Sayso published them or
    a removed job names them. What was spoken stays in the store of speech, and is not bought again.
    """
    seconds = seconds_of("--older-than", older_than)
    if not seconds:
        raise InvalidInput("--older-than 0 would remove the files of running jobs.", hint="For example: 1h")
    document = _with_tools(
        lambda tools: _clean(tools, older_than_seconds=seconds, without_record=without_record, removes=yes)
    )
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    verb = "removed" if yes else "to be removed"
    typer.echo(f"{document['jobs']} jobs and {document['files']} files ({document['bytes'] / 2**20:.1f} MiB) {verb}.")
    for name in document["names"][:_SHOWN]:
        typer.echo(f"  {name}")
    if len(document["names"]) > _SHOWN:
        typer.echo(f"  and {len(document['names']) - _SHOWN} more files")
    if not yes and (document["jobs"] or document["files"]):
        typer.echo("Nothing was changed. Add --yes to remove them.")


@app.command(epilog=examples("sayso cards report", "sayso cards report --days 7 --json", "sayso cards report --by-job"))
def report(
    *,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days of UTC, today included.")] = 30,
    by_job: Annotated[bool, typer.Option("--by-job", help="A line for each job, the most expensive first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show by day how much was spoken, how much of it was there already, and what was bought.

    A phrase counts once for each of its languages. Characters are those that were sent to a paid engine; their price is
    SAYSO_CHARACTER_PRICE.
    """
    document = _with_tools(lambda tools: report_of(tools, days=days, by_job=by_job))
    if as_json:
        typer.echo(json.dumps(document))
        return
    for line in report_lines(document):
        typer.echo(line)


def _with_tools(work: Callable[[CardTools], Awaitable[T]], *, are_prepared: bool = True) -> T:
    """Run ``work`` with the tools, on a new event loop, and return its result.

    Args:
        work: a coroutine function.
        are_prepared: whether Sayso's own tables are brought up to date first.
    """
    from sayso.bootstrap.card_tools import card_databases, open_card_tools
    from sayso.settings import load_settings

    async def run() -> T:
        async with open_card_tools(databases) as tools:
            return await work(tools)

    with card_databases(load_settings(), are_prepared=are_prepared) as databases:
        return asyncio.run(run())


async def _install(tools: CardTools, *, tables: bool) -> None:
    from sayso.cards.postgres.install import install_trigger
    from sayso.cards.postgres.own_tables import install_tables

    if tables:
        made = await install_tables(tools.application.database)
        typer.echo(f"Tables: {', '.join(made)} made." if made else "The tables were there already.")
    await install_trigger(tools.application, tools.database)
    typer.echo("The trigger is installed: workers begin new jobs at once.")


async def _print_sql(tools: CardTools) -> None:
    from sayso.cards.postgres.install import dba_sql

    typer.echo(await dba_sql(tools.application.database))


async def _uninstall(tools: CardTools, *, tables: bool, force: bool) -> None:
    from sayso.cards.postgres.install import uninstall_trigger
    from sayso.cards.postgres.own_tables import uninstall_tables

    await uninstall_trigger(tools.application, tools.database)
    typer.echo("The trigger is removed.")
    if tables:
        dropped = await uninstall_tables(tools.application.database, is_forced=force)
        typer.echo(f"Tables: {', '.join(dropped)} removed." if dropped else "The tables are not Sayso's; they stay.")


async def _status(tools: CardTools) -> dict[str, Any]:
    from sayso.cards.postgres.install import trigger_state

    return {
        "jobs": dict(await tools.administration.counts()),
        "trigger": str(await trigger_state(tools.application, tools.database)),
        "leases": [asdict(lease) for lease in await tools.inspection.leases()],
        "stuck": [asdict(job) for job in await tools.inspection.stuck()],
    }


async def _retry(tools: CardTools, ids: Sequence[str], *, within_seconds: float | None) -> list[str]:
    if not ids:
        return list(await tools.administration.retry_failed(within_seconds=within_seconds))
    for job_id in ids:
        row = await tools.jobs.retry(job_id)
        if row.status != "pending":
            raise InvalidInput(f"Job {job_id} is {row.status}: only failed jobs can be retried.")
    return list(ids)


async def _clean(tools: CardTools, *, older_than_seconds: float, without_record: bool, removes: bool) -> dict[str, Any]:
    cleaning = await tools.cleaning()
    found = await cleaning.find(older_than_seconds=older_than_seconds, without_record=without_record)
    if not removes:
        return _leftovers(found, jobs=len(found.job_ids), files=len(found.files))
    removed = await cleaning.remove(found)
    return _leftovers(found, jobs=removed.jobs, files=removed.files)


def _leftovers(found: Leftovers, *, jobs: int, files: int) -> dict[str, Any]:
    names = sorted(file.name for file in found.files)
    return {"jobs": jobs, "files": files, "bytes": found.size_bytes, "job_ids": list(found.job_ids), "names": names}
