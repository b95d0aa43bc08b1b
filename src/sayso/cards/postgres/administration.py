"""What clients and operators do with jobs: insert, show, list, cancel, retry, delete, count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from psycopg import sql

from sayso.cards.postgres.tables import JOB_TABLE, compose, identifier
from sayso.cards.records import JobRow, JobStatus
from sayso.errors import InvalidInput, NoSuchJob
from sayso.postgres.connections import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.statements import Statements
    from sayso.cards.postgres.tables import Column, Table
    from sayso.postgres.connections import Row, Statement

CANCELLED = "Cancelled."
"""The "errorMessage" of a job that was cancelled."""

_HEAVY = {"phrases", "resultUrls"}
"""The columns that a list leaves out."""

_DELETED_AT_ONCE = 500


async def insert_job(
    application: Application, *, deck_id: str, phrases: Sequence[Any], user_id: str | None = None
) -> str:
    """Insert a job as the application would, and return its id.

    Args:
        application: whose table.
        deck_id: of its deck.
        phrases: as clients give them; they are stored as they are.
        user_id: for "userId", where there is such a column.

    Raises:
        InvalidInput: the table requires a value that is not given, or refuses one.
        ResourceMissing, ServiceUnavailable: as `Application.tables`.
    """
    tables, statements = await application.tables(), await application.statements()
    jobs = tables.jobs
    values, about = (
        _new_row(jobs, statements),
        {
            "deck": storable(deck_id),
            "user": user_id if user_id is None else storable(user_id),
            "phrases": json.dumps(phrases),
            "total": len(phrases),
            "new_id": str(uuid4()),
        },
    )
    if user_id is None and "userId" in jobs and (jobs["userId"].is_nullable or jobs["userId"].has_default):
        del values["userId"]
    missing = jobs.required(values) + [name for name in ("userId",) if name in values and user_id is None]
    if missing:
        raise InvalidInput(
            f'The table "{JOB_TABLE}" requires a value for {", ".join(missing)}.',
            hint="SAYSO_CARDS_USER_ID gives the user of jobs that come over HTTP." if missing == ["userId"] else None,
        )
    for name, value in (("deckId", deck_id), ("userId", user_id)):
        if name in values and value is not None and not jobs[name].accepts(value):
            raise InvalidInput(f"{name} is not a {jobs[name].type_name}: {value[:100]!r}.")
    statement = compose(
        "insert into {jobs} as job ({names}) values ({values}) {conflict} returning {id}::text as id",
        jobs=jobs.identifier,
        names=sql.SQL(", ").join(map(identifier, values)),
        values=sql.SQL(", ").join(values.values()),
        # A second execution, after a lost response, changes nothing.
        conflict=compose("on conflict ({id}) do update set {id} = excluded.{id}", id=jobs["id"].identifier)
        if "id" in values and jobs.kind in {"r", "p"}
        else sql.SQL(""),
        id=identifier("job", "id"),
    )
    (row,) = await application.database.fetch(statement, about, is_repeatable="id" in values)
    application.announce()
    return str(row["id"])


def _new_row(jobs: Table, statements: Statements) -> dict[str, sql.Composable]:
    """The values of a new job, for those of the columns that the table has."""
    given: dict[str, sql.Composable] = {
        "status": statements.state(JobStatus.PENDING),
        "phrases": statements.json("phrases", sql.SQL("%(phrases)s::jsonb")),
        "totalPhrases": sql.SQL("%(total)s"),
        "processedCount": sql.SQL("0"),
        "createdAt": statements.now("createdAt"),
        "updatedAt": statements.now("updatedAt"),
    }
    for name, placeholder in (("deckId", "deck"), ("userId", "user")):
        if (column := jobs.get(name)) is not None:
            given[name] = column.of_text(sql.Placeholder(placeholder))
    if jobs["id"].base not in {"int2", "int4", "int8"}:
        given["id"] = jobs["id"].of_text(sql.Placeholder("new_id"))
    if not jobs["resultUrls"].is_nullable and not jobs["resultUrls"].has_default:
        given["resultUrls"] = statements.json("resultUrls", sql.SQL("'[]'::jsonb"))
    return {name: value for name, value in given.items() if name in jobs}


async def find_job(application: Application, job_id: str) -> JobRow:
    """The row of a job, with all columns.

    Raises:
        NoSuchJob: there is none of this id.
        ResourceMissing, InvalidInput, ServiceUnavailable: as `Application.tables`.
    """
    jobs = (await application.tables()).jobs
    _require_id(jobs["id"], job_id)
    statement = compose(
        "select {columns} from {jobs} as job where job.{id} = {given}",
        columns=_shown(jobs, jobs.columns),
        jobs=jobs.identifier,
        id=jobs["id"].identifier,
        given=jobs["id"].of_text(sql.Placeholder("id")),
    )
    rows = await _fetch(application, statement, {"id": job_id})
    if not rows:
        raise _no_such_job(job_id)
    return JobRow(columns=rows[0])


async def list_jobs(
    application: Application,
    *,
    limit: int,
    after: str | None = None,
    status: str | None = None,
    deck_id: str | None = None,
) -> Sequence[JobRow]:
    """Some jobs, the newest first, without their phrases and results.

    Args:
        application: whose table.
        limit: the largest number.
        after: the job after which the page begins.
        status: only those with this one.
        deck_id: only those of one deck.

    Raises:
        NoSuchJob: there is none with the id ``after``.
        ResourceMissing, InvalidInput, ServiceUnavailable: as `Application.tables`.
    """
    jobs = (await application.tables()).jobs
    if after is not None:
        _require_id(jobs["id"], after)
    place = sql.SQL(", ").join(identifier("job", name) for name in ("createdAt", "id") if name in jobs)
    earlier = compose(
        "({place}) < (select {place} from {jobs} as job where job.{id} = {after})",
        place=place,
        jobs=jobs.identifier,
        id=jobs["id"].identifier,
        after=jobs["id"].of_text(sql.Placeholder("after")),
    )
    deck = sql.SQL("job.{}::text = %(deck)s").format(identifier("deckId")) if "deckId" in jobs else sql.SQL("false")
    statement = compose(
        """
        select {columns} from {jobs} as job
        where {earlier} and {deck} and (%(status)s::text is null or job.{status}::text = %(status)s)
        order by {order} limit %(limit)s
        """,
        columns=_shown(jobs, [name for name in jobs.columns if name not in _HEAVY]),
        jobs=jobs.identifier,
        earlier=sql.SQL("true") if after is None else earlier,
        deck=sql.SQL("true") if deck_id is None else deck,
        status=jobs["status"].identifier,
        order=sql.SQL(", ").join(
            sql.SQL("{} desc").format(identifier("job", name)) for name in ("createdAt", "id") if name in jobs
        ),
    )
    about = {"after": after, "deck": deck_id, "status": status, "limit": limit}
    return [JobRow(columns=row) for row in await _fetch(application, statement, about)]


async def count_jobs(application: Application) -> Mapping[str, int]:
    """How many jobs there are, by status; also those with one that Sayso does not know."""
    jobs = (await application.tables()).jobs
    statement = compose(
        "select {status}::text as status, count(*) as count from {jobs} group by 1 order by 1",
        status=jobs["status"].identifier,
        jobs=jobs.identifier,
    )
    return {row["status"]: row["count"] for row in await _fetch(application, statement, {})}


async def cancel_job(application: Application, job_id: str) -> JobRow:
    """Cancel a job that has not ended: it is ``failed``, and a worker that has it notices within seconds.

    Returns:
        The row as it is then; a job that had ended is unchanged.

    Raises:
        NoSuchJob: there is none of this id.
        ResourceMissing, InvalidInput, ServiceUnavailable: as `Application.tables`.
    """
    tables, statements = await application.tables(), await application.statements()
    jobs = tables.jobs
    _require_id(jobs["id"], job_id)
    statement = compose(
        "update {jobs} as job set {changes} where job.{id} = {given} and job.{status} in ({pending}, {processing})",
        jobs=jobs.identifier,
        changes=statements.changes(
            {
                "status": statements.state(JobStatus.FAILED),
                "errorMessage": sql.Literal(CANCELLED),
                "completedAt": statements.now("completedAt"),
            }
        ),
        id=jobs["id"].identifier,
        given=jobs["id"].of_text(sql.Placeholder("id")),
        status=jobs["status"].identifier,
        pending=statements.state(JobStatus.PENDING),
        processing=statements.state(JobStatus.PROCESSING),
    )
    await _fetch(application, statement, {"id": job_id})
    return await find_job(application, job_id)


async def retry_jobs(
    application: Application, *, job_id: str | None = None, failed_within_seconds: float | None = None
) -> Sequence[str]:
    """Set failed jobs to ``pending`` again, and return their ids.

    Args:
        application: whose table.
        job_id: only this one.
        failed_within_seconds: only those that failed no longer ago than this.

    Raises:
        NoSuchJob: there is none of this id.
        InvalidInput: the job has not failed, or as `Application.tables`.
        ResourceMissing, ServiceUnavailable: as `Application.tables`.
    """
    tables, statements = await application.tables(), await application.statements()
    jobs = tables.jobs
    if job_id is not None:
        _require_id(jobs["id"], job_id)
    cleared = {
        name: sql.SQL("null")
        for name in ("errorMessage", "startedAt", "completedAt")
        if name in jobs and jobs[name].is_nullable
    }
    statement = compose(
        """
        update {jobs} as job set {changes} where job.{status} = {failed} and {chosen} and {recent}
        returning job.{id}::text as id
        """,
        jobs=jobs.identifier,
        changes=statements.changes(
            {"status": statements.state(JobStatus.PENDING), "processedCount": sql.SQL("0"), **cleared}
        ),
        status=jobs["status"].identifier,
        failed=statements.state(JobStatus.FAILED),
        id=jobs["id"].identifier,
        chosen=sql.SQL("true")
        if job_id is None
        else sql.SQL("job.{} = {}").format(jobs["id"].identifier, jobs["id"].of_text(sql.Placeholder("id"))),
        recent=sql.SQL("true") if failed_within_seconds is None else _is_since(jobs, "completedAt"),
    )
    # After a lost response, the ids of some may be missing, but none is changed twice.
    rows = await _fetch(application, statement, {"id": job_id, "seconds": failed_within_seconds})
    if job_id is not None and not rows:
        status = (await find_job(application, job_id)).status
        if status != JobStatus.PENDING:
            raise InvalidInput(f"Job {job_id} is {status}: only failed jobs can be retried.")
    application.announce()
    return [row["id"] for row in rows]


async def old_jobs(application: Application, *, older_than_seconds: float) -> Sequence[str]:
    """The ids of the jobs that were completed or failed so long ago, the oldest first.

    Raises:
        InvalidInput: the table has no "completedAt", or as `Application.tables`.
        ResourceMissing, ServiceUnavailable: as `Application.tables`.
    """
    jobs, statements = (await application.tables()).jobs, await application.statements()
    statement = compose(
        "select job.{id}::text as id from {jobs} as job where {ended} and not {recent} order by job.{id}",
        id=jobs["id"].identifier,
        jobs=jobs.identifier,
        ended=_has_ended(jobs, statements),
        recent=_is_since(jobs, "completedAt"),
    )
    return [row["id"] for row in await _fetch(application, statement, {"seconds": older_than_seconds})]


async def delete_jobs(application: Application, job_ids: Sequence[str]) -> int:
    """Delete jobs that were completed or failed, and return how many there were; others stay.

    Raises:
        ResourceMissing, InvalidInput, ServiceUnavailable: as `Application.tables`.
    """
    jobs, statements = (await application.tables()).jobs, await application.statements()
    statement = compose(
        "delete from {jobs} as job where job.{id} = any ({ids}) and {ended} returning 1",
        jobs=jobs.identifier,
        id=jobs["id"].identifier,
        ids=statements.ids(),
        ended=_has_ended(jobs, statements),
    )
    deleted = 0
    for start in range(0, len(job_ids), _DELETED_AT_ONCE):
        ids = list(job_ids[start : start + _DELETED_AT_ONCE])
        deleted += len(await _fetch(application, statement, {"ids": ids}))
    return deleted


def _has_ended(jobs: Table, statements: Statements) -> sql.Composed:
    return compose(
        "job.{status} in ({completed}, {failed})",
        status=jobs["status"].identifier,
        completed=statements.state(JobStatus.COMPLETED),
        failed=statements.state(JobStatus.FAILED),
    )


def _is_since(jobs: Table, name: str) -> sql.Composed:
    """Whether a moment is no longer ago than a number of seconds; one that is missing counts as the present."""
    column = jobs.get(name)
    if column is None:
        raise InvalidInput(f'The table "{JOB_TABLE}" has no column "{name}".')
    return compose(
        "coalesce({moment} >= clock_timestamp() - %(seconds)s * interval '1 second', true)",
        moment=column.as_moment(identifier("job", name)),
    )


def _shown(jobs: Table, names: Sequence[str] | Mapping[str, Column]) -> sql.Composed:
    """Columns as clients see them: as JSON has them, and times in ISO 8601, UTC."""
    return sql.SQL(", ").join(sql.SQL("{} as {}").format(_json_of(jobs[name]), identifier(name)) for name in names)


def _json_of(column: Column) -> sql.Composed:
    value = identifier("job", column.name)
    if not column.is_time:
        return sql.SQL("to_jsonb({})").format(value)
    in_utc = sql.SQL("{} at time zone 'UTC'").format(column.as_moment(value))
    return sql.SQL("""to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""").format(in_utc)


def _require_id(column: Column, job_id: str) -> None:
    if not column.accepts(job_id):
        raise _no_such_job(job_id)


def _no_such_job(job_id: str) -> NoSuchJob:
    return NoSuchJob(f"There is no job {job_id!r}.")


async def _fetch(application: Application, statement: Statement, about: Mapping[str, Any]) -> Sequence[Row]:
    return await application.database.fetch(statement, about, is_repeatable=True)
