"""The SQL statements on an application's tables, made for the columns and types that it has.

Each may be executed twice, because the response of the first may be lost. Times are written as Prisma writes them, in
UTC; every change of a job under a lease carries the fence of that lease (`sayso.cards.postgres.held`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from sayso.cards.postgres.tables import compose, identifier
from sayso.cards.records import JobStatus

if TYPE_CHECKING:
    from sayso.cards.postgres.tables import ApplicationTables, Column

SMALL_PHRASES = 5
"""A job with no more phrases than this is a small one."""

_SMALL_BYTES, _SURELY_SMALL_BYTES = 65_536, 2_048
"""The stored size of the phrases of a small job; and that of one whose phrases were not counted."""

_LARGEST_PHRASES_BYTES = 16 * 2**20

_NO_TIME = sql.SQL("timestamptz '9999-01-01 00:00:00+00'")
"""The place in the queue of jobs whose creation has no time: the last."""


class Statements:
    """The statements for one application; each alias of "TtsJob" in them is ``job``.

    Args:
        tables: as they were found.
    """

    def __init__(self, tables: ApplicationTables) -> None:
        self._tables = tables
        self._jobs = tables.jobs
        self._id = tables.jobs["id"]
        self._status = tables.jobs["status"]
        self.pending = self._page(sql.SQL("true"))
        self.small = self._page(self._is_small)
        self.look = self._look()
        self.processing = self._processing()
        self.take = self._take()
        self.begin = self._begin()
        self.progress = self._progress()
        self.release = self._release()
        self.settle = self._settle(with_cards=False)
        self.settle_with_cards = self._settle(with_cards=True) if tables.cards else self.settle
        self.backlog = self._backlog()

    # Parts of statements

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
    def _is_processing(self) -> sql.Composed:
        return sql.SQL("job.{} = {}").format(self._status.identifier, self.state(JobStatus.PROCESSING))

    @property
    def _job_id(self) -> sql.Composed:
        return sql.SQL("job.{}::text").format(self._id.identifier)

    @property
    def _created(self) -> sql.Composable:
        """When the job was created, as a ``timestamptz``."""
        created = self._jobs.get("createdAt")
        if created is None:
            return _NO_TIME
        moment = created.as_moment(identifier("job", "createdAt"))
        return sql.SQL("coalesce({}, {})").format(moment, _NO_TIME) if created.is_nullable else moment

    @property
    def _age(self) -> sql.Composable:
        if "createdAt" not in self._jobs:
            return sql.SQL("0::float8")
        age = sql.SQL("extract(epoch from clock_timestamp() - {})").format(self._created)
        return sql.SQL("greatest({}, 0)::float8").format(age)

    @property
    def _is_small(self) -> sql.Composed:
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
    def _token(self) -> sql.Composable:
        """When the job was started, in microseconds of Unix time: another time at each lease."""
        started = self._jobs.get("startedAt")
        if started is None:
            return sql.SQL("null::bigint")
        moment = started.as_moment(identifier("job", "startedAt"))
        return sql.SQL("round(extract(epoch from {}) * 1000000)::bigint").format(moment)

    @property
    def _visible_state(self) -> sql.Composed:
        """What another worker changes while it works, as one text."""
        parts: list[sql.Composable] = [self._token]
        if count := self.column("processedCount"):
            parts.append(count)
        if (updated := self._jobs.get("updatedAt")) is not None:
            parts.append(sql.SQL("extract(epoch from {})").format(updated.as_moment(identifier("job", "updatedAt"))))
        parts.append(_digest(identifier("job", "resultUrls")))
        return sql.SQL("concat_ws(' ', {})").format(
            sql.SQL(", ").join(sql.SQL("coalesce(({})::text, '-')").format(part) for part in parts)
        )

    @property
    def _fence(self) -> sql.Composed:
        """What is true while the lease lasts: the application's clock says so, and the job is as it was taken."""
        return compose(
            "job.{id} = {one} and {processing} and clock_timestamp() < {until}::timestamptz "
            "and {token} is not distinct from {given}::bigint",
            id=self._id.identifier,
            one=self._id.of_text(sql.Placeholder("job_id")),
            processing=self._is_processing,
            until=sql.Placeholder("valid_until"),
            token=self._token,
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

    # Statements

    def _page(self, condition: sql.Composable) -> sql.Composed:
        return compose(
            """
            select {job_id} as job_id, {small} as is_small, {created} as created_at, clock_timestamp() as app_now
            from {jobs} as job
            where job.{status} = {pending} and {condition}
                and (%(after_id)s::text is null
                    or ({created}, job.{id}) > (%(after)s::timestamptz, %(after_id)s::text::{id_type}))
            order by {created}, job.{id} limit %(limit)s
            """,
            job_id=self._job_id,
            small=self._is_small,
            created=self._created,
            jobs=self._jobs.identifier,
            status=self._status.identifier,
            pending=self.state(JobStatus.PENDING),
            condition=condition,
            id=self._id.identifier,
            id_type=self._id.type,
        )

    def _look(self) -> sql.Composed:
        return compose(
            """
            select {job_id} as job_id, job.{status}::text as status, {small} as is_small, {token} as token,
                clock_timestamp() as app_now
            from {jobs} as job where job.{id} = any ({ids})
            """,
            job_id=self._job_id,
            status=self._status.identifier,
            small=self._is_small,
            token=self._token,
            jobs=self._jobs.identifier,
            id=self._id.identifier,
            ids=self.ids(),
        )

    def _processing(self) -> sql.Composed:
        return compose(
            """
            select {job_id} as job_id, {state} as state, {small} as is_small, clock_timestamp() as app_now
            from {jobs} as job where {processing} order by {created}, job.{id} limit %(limit)s
            """,
            job_id=self._job_id,
            state=self._visible_state,
            small=self._is_small,
            jobs=self._jobs.identifier,
            processing=self._is_processing,
            created=self._created,
            id=self._id.identifier,
        )

    def _take(self) -> sql.Composed:
        started = self._jobs.get("startedAt")
        began = sql.SQL("%(began)s::timestamptz")
        return compose(
            """
            update {jobs} as job set {changes}
            from unnest({ids}, %(are_ours)s::boolean[], %(states)s::text[]) as wanted (wanted_id, is_ours, known_state)
            where job.{id} = wanted.wanted_id and (
                job.{status} = {pending} and wanted.known_state is null
                or {processing} and (
                    wanted.is_ours or wanted.known_state = {state} or {is_again}
                )
            )
            returning {job_id} as job_id, {token} as token, {age} as age_seconds, {deck} as deck_id
            """,
            jobs=self._jobs.identifier,
            changes=self.changes(
                {
                    "status": self.state(JobStatus.PROCESSING),
                    "startedAt": sql.SQL("null") if started is None else started.of_moment(began),
                }
            ),
            ids=self.ids(),
            id=self._id.identifier,
            status=self._status.identifier,
            pending=self.state(JobStatus.PENDING),
            processing=self._is_processing,
            state=self._visible_state,
            # The first execution has taken it, and its response was lost.
            is_again=sql.SQL("%(is_repeated)s")
            if started is None
            else sql.SQL("job.{} = {}").format(started.identifier, started.of_moment(began)),
            job_id=self._job_id,
            token=self._token,
            age=self._age,
            deck=sql.SQL("{}::text").format(self.column("deckId") or sql.SQL("null")),
        )

    def _begin(self) -> sql.Composed:
        phrases = identifier("job", "phrases")
        return compose(
            """
            select {deck}::text as deck_id, {total}::bigint as total_phrases, {created} as created_at,
                {digest} as digest, {size} > {largest} as is_too_large,
                case when {size} <= {largest} then to_jsonb({phrases}) end as phrases
            from {jobs} as job where {fence}
            """,
            deck=self.column("deckId") or sql.SQL("null"),
            total=self.column("totalPhrases") or sql.SQL("0"),
            created=self._created if "createdAt" in self._jobs else sql.SQL("clock_timestamp()"),
            digest=_digest(phrases),
            size=sql.SQL("octet_length({}::text)").format(phrases),
            largest=sql.Literal(_LARGEST_PHRASES_BYTES),
            phrases=phrases,
            jobs=self._jobs.identifier,
            fence=self._fence,
        )

    def _progress(self) -> sql.Composed:
        count = self.column("processedCount") or sql.SQL("0")
        changes = self.changes({"processedCount": sql.SQL("greatest({}, %(processed)s)").format(count)})
        if not changes.as_string():
            changes = sql.SQL("{0} = job.{0}").format(self._status.identifier)
        return compose(
            "update {jobs} as job set {changes} where {fence} returning 1",
            jobs=self._jobs.identifier,
            changes=changes,
            fence=self._fence,
        )

    def _release(self) -> sql.Composed:
        return compose(
            "update {jobs} as job set {changes} where {fence} returning 1",
            jobs=self._jobs.identifier,
            changes=self.changes({"status": self.state(JobStatus.PENDING)}),
            fence=self._fence,
        )

    def _settle(self, *, with_cards: bool) -> sql.Composed:
        """End a job, and give its cards their URLs."""
        urls = self._jobs["resultUrls"]
        given = self.json("resultUrls", sql.SQL("%(urls)s::jsonb"))
        job = compose(
            """
            update {jobs} as job set {changes}
            where {fence} and (%(digest)s::text is null or {digest} = %(digest)s) returning 1
            """,
            jobs=self._jobs.identifier,
            changes=self.changes(
                {
                    "status": self._status.of_text(sql.Placeholder("status")),
                    "completedAt": self.now("completedAt"),
                    "processedCount": sql.SQL("coalesce(%(processed)s::int, {})").format(
                        self.column("processedCount") or sql.SQL("0")
                    ),
                    "resultUrls": sql.SQL("case when %(urls)s::text is null then job.{} else {} end").format(
                        urls.identifier, given
                    ),
                    "errorMessage": sql.SQL("case when %(keeps_error)s then {} else %(error)s end").format(
                        self.column("errorMessage") or sql.SQL("''")
                    ),
                }
            ),
            fence=self._fence,
            digest=_digest(identifier("job", "phrases")),
        )
        cards = sql.SQL(", cards as ({})").format(self._give_urls()) if with_cards else sql.SQL("")
        return compose("with ended as ({job}){cards} select 1 as one from ended", job=job, cards=cards)

    def _give_urls(self) -> sql.Composed:
        cards = self._tables.cards
        assert cards is not None  # noqa: S101 -- the caller made sure
        columns = [*self._tables.url_columns.values()]
        changes: list[sql.Composable] = [
            sql.SQL("{0} = coalesce({1}, card.{0})").format(column.identifier, _url(column)) for column in columns
        ]
        if (updated := cards.get("updatedAt")) is not None:
            changes.append(sql.SQL("{} = {}").format(updated.identifier, updated.now))
        return compose(
            """
            update {cards} as card set {changes}
            from jsonb_array_elements(%(cards)s::jsonb) as given (entry)
            where card.{id} = (given.entry ->> 'id')::{id_type} and exists (select from ended) and ({differs})
            returning 1
            """,
            cards=cards.identifier,
            changes=sql.SQL(", ").join(changes),
            id=cards["id"].identifier,
            id_type=cards["id"].type,
            differs=sql.SQL(" or ").join(
                sql.SQL("{} <> coalesce(card.{}, '')").format(_url(column), column.identifier) for column in columns
            ),
        )

    def _backlog(self) -> sql.Composed:
        return compose(
            """
            select count(*) filter (where job.{status} = {pending}) as pending, max({age}) as oldest_age_seconds,
                (array_agg({job_id}) filter (where {processing}))[:10000] as processing
            from {jobs} as job where job.{status} in ({pending}, {running})
            """,
            status=self._status.identifier,
            pending=self.state(JobStatus.PENDING),
            running=self.state(JobStatus.PROCESSING),
            processing=self._is_processing,
            age=self._age,
            job_id=self._job_id,
            jobs=self._jobs.identifier,
        )


def _digest(value: sql.Composable) -> sql.Composed:
    """64 hexadecimal digits over a value, whose text is that of the database."""
    return sql.SQL("encode(sha256(convert_to(({})::text, 'UTF8')), 'hex')").format(value)


def _url(column: Column) -> sql.Composed:
    return sql.SQL("(given.entry ->> {})::{}").format(sql.Literal(column.name), column.type)
