"""What operators ask about cards: the leases, the stuck jobs, the URLs in use, and what was bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from sayso.cards.postgres.tables import compose
from sayso.cards.records import JobStatus
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from datetime import date

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.tables import Table
    from sayso.postgres.pool import Database

_LEASES = """
select job_id, split_part(worker, '#', 1) as worker, attempts, last_error, leased_until > now() as is_held,
    greatest(extract(epoch from available_at - now())::float8, 0) as due_seconds
from sayso.card_leases where application = %(application)s order by job_id
"""

_SIGHTINGS = """
select job_id, extract(epoch from now() - seen_at)::float8 as seconds from sayso.card_sightings
where application = %(application)s
"""

_RECENT = """
select name from sayso.card_files
where name = any (%(names)s) and published_at > now() - %(seconds)s * interval '1 second'
"""

_RECORDED = "select name from sayso.card_files where name = any (%(names)s)"

_FORGET = "delete from sayso.card_files where job_id = %(job_id)s"

_REPORT = """
select day, count(distinct job_id) as jobs, sum(phrases)::bigint as phrases, sum(cached)::bigint as cached,
    sum(characters)::bigint as characters
from sayso.card_purchases
where day > (clock_timestamp() at time zone 'UTC')::date - %(days)s::int
group by day order by day
"""

_REPORT_BY_JOB = """
select job_id, sum(phrases)::bigint as phrases, sum(cached)::bigint as cached, sum(characters)::bigint as characters
from sayso.card_purchases
where day > (clock_timestamp() at time zone 'UTC')::date - %(days)s::int
group by job_id order by characters desc, phrases desc, job_id
"""

_PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseReport:
    """The lease of a job.

    Attributes:
        job_id: of the job.
        worker: that has it, or had it last.
        attempts: how many there were.
        is_held: whether a worker has it now.
        due_seconds: in how many seconds the next attempt may begin, if no worker has it.
        last_error: why the last attempt failed; None if none has.
    """

    job_id: str
    worker: str
    attempts: int
    is_held: bool
    due_seconds: float
    last_error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckJob:
    """A job in ``processing`` that no worker of Sayso has.

    Attributes:
        job_id: of the job.
        seconds: for how long it has not changed, as far as Sayso has seen it; None if it has not seen it yet.
    """

    job_id: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayReport:
    """What was spoken in a day of UTC.

    Attributes:
        day: of UTC.
        jobs: that something was spoken for.
        phrases: that were spoken, each language by itself.
        cached: how many of them had been spoken before.
        characters: that were sent to a paid engine.
    """

    day: date
    jobs: int
    phrases: int
    cached: int
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenForJob:
    """What was spoken for a job; see `DayReport`."""

    job_id: str
    phrases: int
    cached: int
    characters: int


class CardInspection:
    """See the module; belongs to the event loop of its databases.

    Every call raises `ServiceUnavailable` while a database does not answer; those about the application's tables, also
    `ResourceMissing` and `InvalidInput`, as `Application.tables`.

    Args:
        application: the application's tables; the opener of its database closes that.
        database: Sayso's own; its opener closes it.
    """

    def __init__(self, application: Application, database: Database) -> None:
        self._application = application
        self._database = database

    async def leases(self) -> Sequence[LeaseReport]:
        """The leases that are held, and the jobs that wait for another attempt."""
        about = {"application": await self._application.name()}
        rows = await self._database.fetch(_LEASES, about, is_repeatable=True)
        return [LeaseReport(**row) for row in rows]

    async def stuck(self) -> Sequence[StuckJob]:
        """The jobs in ``processing`` that no worker of Sayso has: another worker's, or a dead one's."""
        jobs = (await self._application.tables()).jobs
        statements = await self._application.statements()
        statement = compose(
            "select job.{id}::text as id from {jobs} as job where job.{status} = {processing} order by 1",
            id=jobs["id"].identifier,
            jobs=jobs.identifier,
            status=jobs["status"].identifier,
            processing=statements.state(JobStatus.PROCESSING),
        )
        rows = await self._application.database.fetch(statement, {}, is_repeatable=True)
        held = {lease.job_id for lease in await self.leases() if lease.is_held}
        seen = await self._database.fetch(
            _SIGHTINGS, {"application": await self._application.name()}, is_repeatable=True
        )
        seconds = {row["job_id"]: row["seconds"] for row in seen}
        return [StuckJob(job_id=row["id"], seconds=seconds.get(row["id"])) for row in rows if row["id"] not in held]

    async def urls(self, *, without_jobs: Collection[str] = ()) -> AsyncIterator[str]:
        """Every URL of a card, and every one in the results of a job.

        Args:
            without_jobs: the ids of jobs whose results are left out.

        Raises:
            InvalidInput: policies may hide rows from this user, so that URLs in use would be missed.
        """
        tables = await self._application.tables()
        if tables.row_security:
            raise InvalidInput(
                "Which files are in use is not known: this user may not see every row.",
                hint=" ".join(tables.row_security),
            )
        if tables.cards is not None and tables.url_columns:
            columns = sql.SQL(", ").join(column.identifier for column in tables.url_columns.values())
            async for row in self._rows(tables.cards, columns):
                for name in tables.url_columns:
                    if row[name]:
                        yield str(row[name])
        async for row in self._rows(tables.jobs, tables.jobs["resultUrls"].identifier):
            if row["sayso_id"] not in without_jobs:
                for url in _urls_in(row["resultUrls"]):
                    yield url

    async def _rows(self, table: Table, columns: sql.Composable) -> AsyncIterator[dict[str, Any]]:
        """Some columns of every row, page by page, with its id as ``sayso_id``."""
        key = table["id"]
        statement = compose(
            """
            select {key}::text as sayso_id, {columns} from {table}
            where %(after)s::text is null or {key} > {after} order by {key} limit %(limit)s
            """,
            key=key.identifier,
            columns=columns,
            table=table.identifier,
            after=key.of_text(sql.Placeholder("after")),
        )
        after: str | None = None
        while True:
            about = {"after": after, "limit": _PAGE}
            rows = await self._application.database.fetch(statement, about, is_repeatable=True)
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            after = rows[-1]["sayso_id"]

    async def urls_of(self, job_ids: Collection[str]) -> AsyncIterator[str]:
        """Every URL in the results of these jobs."""
        tables = await self._application.tables()
        if job_ids:
            async for row in self._rows(tables.jobs, tables.jobs["resultUrls"].identifier):
                if row["sayso_id"] in job_ids:
                    for url in _urls_in(row["resultUrls"]):
                        yield url

    async def recorded(self, names: Collection[str]) -> set[str]:
        """Those of these files that Sayso published."""
        rows = await self._database.fetch(_RECORDED, {"names": list(names)}, is_repeatable=True)
        return {row["name"] for row in rows}

    async def recent(self, names: Collection[str], *, seconds: float) -> set[str]:
        """Those of these files that were published in the last so many seconds."""
        about = {"names": list(names), "seconds": seconds}
        return {row["name"] for row in await self._database.fetch(_RECENT, about, is_repeatable=True)}

    async def forget_files(self, job_id: str) -> None:
        """Remove the records of files of a job that will never be published again."""
        await self._database.fetch(_FORGET, {"job_id": job_id}, is_repeatable=True)

    async def report(self, *, days: int) -> Sequence[DayReport]:
        """What was spoken in the last days of UTC, today included, the oldest first; days without any are left out."""
        rows = await self._database.fetch(_REPORT, {"days": days}, is_repeatable=True)
        return [DayReport(**row) for row in rows]

    async def report_by_job(self, *, days: int) -> Sequence[SpokenForJob]:
        """What was spoken for each job in the last days of UTC, today included, the most expensive first."""
        rows = await self._database.fetch(_REPORT_BY_JOB, {"days": days}, is_repeatable=True)
        return [SpokenForJob(**row) for row in rows]


def _urls_in(results: Any) -> list[str]:
    """The URLs in the value of "resultUrls"."""
    entries = results if isinstance(results, list) else []
    return [
        value
        for entry in entries
        if isinstance(entry, dict)
        for key, value in entry.items()
        if key.startswith("audioUrl") and isinstance(value, str)
    ]
