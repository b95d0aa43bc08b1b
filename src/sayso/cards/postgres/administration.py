"""What operators do with the jobs of an application: count, retry and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from sayso.cards.postgres.clients import fresh
from sayso.cards.postgres.leases import Leases
from sayso.cards.postgres.tables import JOB_TABLE, compose, identifier
from sayso.cards.records import JobStatus
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.statements import Statements
    from sayso.cards.postgres.tables import Table
    from sayso.postgres.connections import Row, Statement
    from sayso.postgres.pool import Database

_AT_ONCE = 500
"""So many jobs are changed by a statement."""


class CardsAdministration:
    """See the module; belongs to the event loop of its databases.

    Every call raises `ResourceMissing` while the application has no table of jobs, `InvalidInput` where its tables
    cannot be used, and `ServiceUnavailable` while a database does not answer.

    Args:
        application: the application's tables; the opener of its database closes that.
        database: Sayso's own; its opener closes it.
    """

    def __init__(self, application: Application, database: Database) -> None:
        self._application = application
        self._leases = Leases(database, application.name, lease_seconds=0)

    async def counts(self) -> Mapping[str, int]:
        """How many jobs there are, by status; also those with one that Sayso does not know."""
        jobs = (await self._application.tables()).jobs
        statement = compose(
            "select {status}::text as status, count(*) as count from {jobs} group by 1 order by 1",
            status=jobs["status"].identifier,
            jobs=jobs.identifier,
        )
        return {row["status"]: row["count"] for row in await self._fetch(statement, {})}

    async def retry_failed(self, *, within_seconds: float | None = None) -> Sequence[str]:
        """Set failed jobs to ``pending``, as if they were new, and return their ids.

        Args:
            within_seconds: only those that failed no longer ago than this; None for all.
        """
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        is_failed = sql.SQL("job.{} = {}").format(jobs["status"].identifier, statements.state(JobStatus.FAILED))
        recent = sql.SQL("true") if within_seconds is None else _is_since(jobs)
        ids = await self._ids(jobs, sql.SQL("{} and {}").format(is_failed, recent), {"seconds": within_seconds})
        statement = compose(
            "update {jobs} as job set {changes} where job.{id} = any ({ids}) and {is_failed}",
            jobs=jobs.identifier,
            changes=statements.changes(fresh(jobs, statements)),
            id=jobs["id"].identifier,
            ids=statements.ids(),
            is_failed=is_failed,
        )
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            await self._leases.forget(some, is_delayed=True)
            await self._fetch(statement, {"ids": some})
        self._application.announce()
        return ids

    async def old(self, *, older_than_seconds: float) -> Sequence[str]:
        """The ids of the jobs that were completed or failed so long ago.

        Raises:
            InvalidInput: the table has no "completedAt".
        """
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        condition = sql.SQL("{} and not {}").format(_has_ended(jobs, statements), _is_since(jobs))
        return await self._ids(jobs, condition, {"seconds": older_than_seconds})

    async def delete(self, job_ids: Sequence[str]) -> int:
        """Delete jobs that were completed or failed, and return how many there were; others stay."""
        jobs, statements = (await self._application.tables()).jobs, await self._application.statements()
        statement = compose(
            "delete from {jobs} as job where job.{id} = any ({ids}) and {ended} returning 1 as one",
            jobs=jobs.identifier,
            id=jobs["id"].identifier,
            ids=statements.ids(),
            ended=_has_ended(jobs, statements),
        )
        ids = [job_id for job_id in map(jobs["id"].canonical, job_ids) if job_id is not None]
        deleted = 0
        for start in range(0, len(ids), _AT_ONCE):
            deleted += len(await self._fetch(statement, {"ids": ids[start : start + _AT_ONCE]}))
        return deleted

    async def _ids(self, jobs: Table, condition: sql.Composable, about: Mapping[str, Any]) -> list[str]:
        statement = compose(
            "select job.{id}::text as id from {jobs} as job where {condition} order by job.{id}",
            id=jobs["id"].identifier,
            jobs=jobs.identifier,
            condition=condition,
        )
        return [row["id"] for row in await self._fetch(statement, about)]

    async def _fetch(self, statement: Statement, about: Mapping[str, Any]) -> Sequence[Row]:
        return await self._application.fetch(statement, about)


def _has_ended(jobs: Table, statements: Statements) -> sql.Composed:
    return compose(
        "job.{status} in ({completed}, {failed})",
        status=jobs["status"].identifier,
        completed=statements.state(JobStatus.COMPLETED),
        failed=statements.state(JobStatus.FAILED),
    )


def _is_since(jobs: Table) -> sql.Composed:
    """Whether a job ended no longer ago than a number of seconds; an end without a time counts as the present."""
    column = jobs.get("completedAt")
    if column is None:
        raise InvalidInput(f'The table "{JOB_TABLE}" has no column "completedAt".')
    return compose(
        "coalesce({moment} >= clock_timestamp() - %(seconds)s * interval '1 second', true)",
        moment=column.as_moment(identifier("job", "completedAt")),
    )
