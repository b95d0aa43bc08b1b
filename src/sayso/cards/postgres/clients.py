"""The jobs of an application as clients insert, see and change them: see `sayso.cards.base.ClientJobs`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from psycopg import sql

from sayso.cards.postgres.leases import Leases
from sayso.cards.postgres.tables import JOB_TABLE, compose, identifier
from sayso.cards.records import JobRow, JobStatus
from sayso.errors import InvalidInput, NoSuchJob
from sayso.postgres.connections import storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.statements import Statements
    from sayso.cards.postgres.tables import Column, Table
    from sayso.postgres.connections import Row, Statement
    from sayso.postgres.pool import Database

CANCELLED = "Cancelled."
"""The "errorMessage" of a job that was cancelled."""

_HEAVY = {"phrases", "resultUrls"}
"""The columns that a list leaves out."""


class PostgresClientJobs:
    """See the module; belongs to the event loop of its databases.

    Besides the errors of `ClientJobs`, every call raises `ResourceMissing` while the application has no table of jobs,
    and `InvalidInput` where its tables cannot be used.

    Args:
        application: the application's tables; the opener of its database closes that.
        database: Sayso's own; its opener closes it.
    """

    def __init__(self, application: Application, database: Database) -> None:
        self._application = application
        self._leases = Leases(database, application.name, lease_seconds=0)

    async def insert(self, deck_id: str, phrases: Sequence[Mapping[str, Any]], *, user_id: str | None) -> JobRow:
        """See `ClientJobs.insert`; the job was inserted if only the response of the database was lost."""
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        values = _new_row(jobs, statements)
        if user_id is None:
            values.pop("userId", None)
        _require_values(jobs, values, {"deckId": deck_id, "userId": user_id})
        new_id = str(uuid4())
        # A second execution, after a lost response, changes nothing.
        statement = compose(
            "insert into {jobs} as job ({names}) select {values} {unless_known} returning job.{id}::text as id",
            jobs=jobs.identifier,
            names=sql.SQL(", ").join(map(identifier, values)),
            values=sql.SQL(", ").join(values.values()),
            unless_known=sql.SQL("where not exists (select from {} as job where {})").format(
                jobs.identifier, _has_id(jobs)
            )
            if "id" in values
            else sql.SQL(""),
            id=jobs["id"].identifier,
        )
        about = {
            "deck": deck_id,
            "user": user_id,
            "phrases": json.dumps(phrases),
            "total": len(phrases),
            "id": new_id,
        }
        rows = await self._application.fetch(statement, about, is_repeatable="id" in values)
        self._application.announce()
        return await self.get(rows[0]["id"] if rows else new_id)

    async def get(self, job_id: str) -> JobRow:
        """See `ClientJobs.get`."""
        jobs = (await self._application.tables()).jobs
        about = {"id": _canonical(jobs, job_id)}
        rows = await self._selected(jobs, jobs.columns, _has_id(jobs), about)
        if not rows:
            raise _no_such_job(job_id)
        return JobRow(columns=rows[0])

    async def find(self, job_ids: Collection[str]) -> Mapping[str, JobRow]:
        """See `ClientJobs.find`."""
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        ids = [job_id for job_id in map(jobs["id"].canonical, job_ids) if job_id is not None]
        condition = sql.SQL("job.{} = any ({})").format(jobs["id"].identifier, statements.ids())
        rows = await self._selected(jobs, _light(jobs), condition, {"ids": ids}) if ids else []
        return {str(row["id"]): JobRow(columns=row) for row in rows}

    async def page(
        self, *, deck_id: str | None = None, status: JobStatus | None = None, limit: int, after: str | None = None
    ) -> Sequence[JobRow]:
        """See `ClientJobs.page`."""
        jobs = (await self._application.tables()).jobs
        place = [identifier("job", name) for name in ("createdAt", "id") if name in jobs]
        conditions: list[sql.Composable] = [sql.SQL("true")]
        if after is not None:
            after = _canonical(jobs, after)
            if not await self.find([after]):
                raise _no_such_job(after)
            conditions.append(
                compose(
                    "({place}) < (select {place} from {jobs} as job where {is_last})",
                    place=sql.SQL(", ").join(place),
                    jobs=jobs.identifier,
                    is_last=_has_id(jobs),
                )
            )
        if deck_id is not None:
            deck = identifier("job", "deckId") if "deckId" in jobs else sql.SQL("null")
            conditions.append(sql.SQL("{}::text = %(deck)s").format(deck))
        if status is not None:
            conditions.append(sql.SQL("job.{}::text = %(status)s").format(jobs["status"].identifier))
        chosen = compose(
            "{conditions} order by {order} limit %(limit)s",
            conditions=sql.SQL(" and ").join(conditions),
            order=sql.SQL(", ").join(sql.SQL("{} desc").format(column) for column in place),
        )
        about = {"id": after, "deck": deck_id and storable(deck_id), "status": status and str(status), "limit": limit}
        return [JobRow(columns=row) for row in await self._selected(jobs, _light(jobs), chosen, about)]

    async def cancel(self, job_id: str) -> JobRow:
        """See `ClientJobs.cancel`; a worker that has the job notices within seconds."""
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        error = await self._application.storable_error(CANCELLED)
        changes = {
            "status": statements.state(JobStatus.FAILED),
            "errorMessage": sql.Literal(error),
            "completedAt": statements.now("completedAt"),
        }
        states = (JobStatus.PENDING, JobStatus.PROCESSING)
        await self._change(jobs, statements, job_id, changes, states)
        return await self.get(job_id)

    async def retry(self, job_id: str) -> JobRow:
        """See `ClientJobs.retry`."""
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        if await self._change(jobs, statements, job_id, fresh(jobs, statements), (JobStatus.FAILED,)):
            await self._leases.forget([_canonical(jobs, job_id)], is_delayed=True)
            self._application.announce()
        return await self.get(job_id)

    async def _change(
        self,
        jobs: Table,
        statements: Statements,
        job_id: str,
        changes: dict[str, sql.Composable],
        states: Iterable[JobStatus],
    ) -> bool:
        """Change a job that is in one of these states, and return whether there was one."""
        canonical = _canonical(jobs, job_id)
        statement = compose(
            "update {jobs} as job set {changes} where {is_it} and job.{status} in ({states}) returning 1 as one",
            jobs=jobs.identifier,
            changes=statements.changes(changes),
            is_it=_has_id(jobs),
            status=jobs["status"].identifier,
            states=sql.SQL(", ").join(map(statements.state, states)),
        )
        return bool(await self._fetch(statement, {"id": canonical}))

    async def _selected(
        self, jobs: Table, names: Iterable[str], condition: sql.Composable, about: Mapping[str, Any]
    ) -> Sequence[Row]:
        """Rows as clients see them: as JSON has them, and times in ISO 8601, UTC."""
        shown = (sql.SQL("{} as {}").format(_json_of(jobs[name]), identifier(name)) for name in names)
        statement = compose(
            "select {columns} from {jobs} as job where {condition}",
            columns=sql.SQL(", ").join(shown),
            jobs=jobs.identifier,
            condition=condition,
        )
        return await self._fetch(statement, about)

    async def _fetch(self, statement: Statement, about: Mapping[str, Any]) -> Sequence[Row]:
        return await self._application.fetch(statement, about)


def fresh(jobs: Table, statements: Statements) -> dict[str, sql.Composable]:
    """The changes that make a job as if it was new."""
    given: dict[str, sql.Composable] = {
        name: sql.SQL("null")
        for name in ("errorMessage", "startedAt", "completedAt", "resultUrls")
        if name in jobs and jobs[name].is_nullable
    }
    return {"status": statements.state(JobStatus.PENDING), "processedCount": sql.SQL("0"), **given}


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
        given["id"] = jobs["id"].of_text(sql.Placeholder("id"))
    if not jobs["resultUrls"].is_nullable and not jobs["resultUrls"].has_default:
        given["resultUrls"] = statements.json("resultUrls", sql.SQL("'[]'::jsonb"))
    return {name: value for name, value in given.items() if name in jobs}


def _require_values(jobs: Table, values: Mapping[str, sql.Composable], texts: Mapping[str, str | None]) -> None:
    """Refuse a job that the table would refuse."""
    missing = jobs.required(values)
    if missing:
        raise InvalidInput(
            f'The table "{JOB_TABLE}" requires a value for {", ".join(missing)}.',
            hint="SAYSO_CARDS_USER_ID gives the user of jobs that come over HTTP." if missing == ["userId"] else None,
        )
    for name, text in texts.items():
        if name in values and text is not None and not jobs[name].accepts(text):
            raise InvalidInput(f"{name} is no value of its column, which is {jobs[name].type_name}.")


def _light(jobs: Table) -> list[str]:
    return [name for name in jobs.columns if name not in _HEAVY]


def _has_id(jobs: Table) -> sql.Composed:
    return sql.SQL("job.{} = {}").format(jobs["id"].identifier, jobs["id"].of_text(sql.Placeholder("id")))


def _json_of(column: Column) -> sql.Composed:
    value = identifier("job", column.name)
    if column.base == "bpchar":
        return sql.SQL("to_jsonb({}::text)").format(value)  # without the spaces at its end
    if not column.is_time:
        return sql.SQL("to_jsonb({})").format(value)
    in_utc = sql.SQL("{} at time zone 'UTC'").format(column.as_moment(value))
    return sql.SQL("""to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""").format(in_utc)


def _canonical(jobs: Table, job_id: str) -> str:
    """The id of a job as the table has it.

    Raises:
        NoSuchJob: it cannot be one.
    """
    canonical = jobs["id"].canonical(job_id)
    if canonical is None:
        raise _no_such_job(job_id)
    return canonical


def _no_such_job(job_id: str) -> NoSuchJob:
    return NoSuchJob(f"There is no job {job_id!r}.")
