"""Parts of SQL statements on the jobs of an application, made for the columns and types that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from sayso.cards.postgres.tables import compose, identifier
from sayso.cards.records import JobStatus

if TYPE_CHECKING:
    from sayso.cards.postgres.tables import Table

SMALL_PHRASES = 5
"""A job with no more phrases than this is a small one."""

_SMALL_BYTES, _SURELY_SMALL_BYTES = 65_536, 2_048
"""The stored size of the phrases of a small job; and that of one whose phrases were not counted."""

_NO_TIME = sql.SQL("timestamptz '9999-01-01 00:00:00+00'")
"""The place in the queue of jobs whose creation has no time: the last."""


class JobExpressions:
    """Expressions over a job, whose alias in a statement is ``job``.

    Args:
        jobs: the table.
    """

    def __init__(self, jobs: Table) -> None:
        self._jobs = jobs
        self._id = jobs["id"]
        self._status = jobs["status"]

    def column(self, name: str) -> sql.Identifier | None:
        """A column of the job, qualified; None if the table lacks it."""
        return identifier("job", name) if name in self._jobs else None

    def state(self, status: JobStatus) -> sql.Composed:
        """A state as a value of the column "status"."""
        return sql.SQL("{}::{}").format(sql.Literal(str(status)), self._status.type)

    def ids(self, parameter: str = "ids") -> sql.Composed:
        """A parameter, a list of ids as texts, as an array of the ids' type."""
        return sql.SQL("{}::text[]::{}[]").format(sql.Placeholder(parameter), self._id.type)

    @property
    def is_processing(self) -> sql.Composed:
        """Whether the job is in ``processing``."""
        return sql.SQL("job.{} = {}").format(self._status.identifier, self.state(JobStatus.PROCESSING))

    @property
    def job_id(self) -> sql.Composed:
        """The id, as a text."""
        return sql.SQL("job.{}::text").format(self._id.identifier)

    @property
    def created(self) -> sql.Composable:
        """When the job was created, as a ``timestamptz``."""
        created = self._jobs.get("createdAt")
        if created is None:
            return _NO_TIME
        moment = created.as_moment(identifier("job", "createdAt"))
        return sql.SQL("coalesce({}, {})").format(moment, _NO_TIME) if created.is_nullable else moment

    @property
    def place(self) -> sql.Composable:
        """The job's place in the queue: the column itself where it can be, which may have an index."""
        created = self._jobs.get("createdAt")
        return self.created if created is None or created.is_nullable else identifier("job", "createdAt")

    def place_of(self, moment: sql.Composable) -> sql.Composable:
        """The place of a job that was created at a moment."""
        created = self._jobs.get("createdAt")
        if created is None or created.is_nullable or created.base == "timestamptz":
            return moment
        return sql.SQL("({} at time zone 'UTC')").format(moment)

    @property
    def age(self) -> sql.Composable:
        """The seconds since the job was created."""
        if "createdAt" not in self._jobs:
            return sql.SQL("0::float8")
        age = sql.SQL("extract(epoch from clock_timestamp() - {})").format(self.created)
        return sql.SQL("greatest({}, 0)::float8").format(age)

    @property
    def is_small(self) -> sql.Composed:
        """Whether a job is a small one, without reading its phrases, which PostgreSQL keeps apart from the row."""
        size = sql.SQL("pg_column_size({})").format(identifier("job", "phrases"))
        total = self.column("totalPhrases") or sql.SQL("0")
        return compose(
            "case when {total} > 0 then {total} <= {phrases} and {size} <= {bytes} else {size} <= {few} end",
            total=total,
            size=size,
            phrases=sql.Literal(SMALL_PHRASES),
            bytes=sql.Literal(_SMALL_BYTES),
            few=sql.Literal(_SURELY_SMALL_BYTES),
        )

    @property
    def token(self) -> sql.Composable:
        """When the job was started, in microseconds of Unix time: another time at each lease."""
        started = self._jobs.get("startedAt")
        if started is None:
            return sql.SQL("null::bigint")
        moment = started.as_moment(identifier("job", "startedAt"))
        return sql.SQL("round(extract(epoch from {}) * 1000000)::bigint").format(moment)

    @property
    def visible_state(self) -> sql.Composed:
        """What another worker changes while it works, as one text."""
        parts: list[sql.Composable] = [self.token]
        if count := self.column("processedCount"):
            parts.append(count)
        if (updated := self._jobs.get("updatedAt")) is not None:
            parts.append(sql.SQL("extract(epoch from {})").format(updated.as_moment(identifier("job", "updatedAt"))))
        parts.append(digest(identifier("job", "resultUrls")))
        return sql.SQL("concat_ws(' ', {})").format(
            sql.SQL(", ").join(sql.SQL("coalesce(({})::text, '-')").format(part) for part in parts)
        )

    @property
    def fence(self) -> sql.Composed:
        """What is true while the lease lasts: the application's clock says so, and the job is as it was taken."""
        return compose(
            "job.{id} = {one} and {processing} and clock_timestamp() < {until}::timestamptz "
            "and {token} is not distinct from {given}::bigint",
            id=self._id.identifier,
            one=self._id.of_text(sql.Placeholder("job_id")),
            processing=self.is_processing,
            until=sql.Placeholder("valid_until"),
            token=self.token,
            given=sql.Placeholder("token"),
        )

    def changes(self, given: dict[str, sql.Composable]) -> sql.Composed:
        """Assignments to those of the columns that the table has; "updatedAt" is always among them."""
        values = dict(given)
        if (updated := self._jobs.get("updatedAt")) is not None:
            values["updatedAt"] = updated.now
        return sql.SQL(", ").join(
            sql.SQL("{} = {}").format(identifier(name), value) for name, value in values.items() if name in self._jobs
        )

    def json(self, name: str, value: sql.Composable) -> sql.Composed:
        """A ``jsonb`` as a value of a column that may also be ``json``, or an array of either."""
        column = self._jobs[name]
        if column.base.startswith("_"):
            return sql.SQL("array(select jsonb_array_elements({}))::{}").format(value, column.type)
        return sql.SQL("{}::{}").format(value, column.type)

    def now(self, name: str) -> sql.Composable:
        """The present, as a value of a column for times that the table may lack."""
        column = self._jobs.get(name)
        return sql.SQL("null") if column is None else column.now


def digest(value: sql.Composable) -> sql.Composed:
    """64 hexadecimal digits over a value, whose text is that of the database."""
    return sql.SQL("encode(sha256(convert_to(({})::text, 'UTF8')), 'hex')").format(value)
