"""The SQL statements on an application's tables, made for the columns and types that it has.

Each may be executed twice, because the response of the first may be lost. Times are written as Prisma writes them, in
UTC; every change of a job under a lease carries the fence of that lease (`sayso.cards.postgres.held`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from sayso.cards.postgres.expressions import JobExpressions, digest
from sayso.cards.postgres.tables import compose, identifier
from sayso.cards.records import JobStatus

if TYPE_CHECKING:
    from sayso.cards.postgres.tables import ApplicationTables, Column

_LARGEST_PHRASES_BYTES = 16 * 2**20


class Statements(JobExpressions):
    """The statements for one application; each alias of "TtsJob" in them is ``job``.

    Args:
        tables: as they were found.
    """

    def __init__(self, tables: ApplicationTables) -> None:
        super().__init__(tables.jobs)
        self._tables = tables
        self.pending = self._page(sql.SQL("true"))
        self.small = self._page(self.is_small)
        self.look = self._look()
        self.processing = self._processing()
        self.take = self._take()
        self.begin = self._begin()
        self.progress = self._progress()
        self.release = self._release()
        self.settle = self._settle(with_cards=False)
        self.settle_with_cards = self._settle(with_cards=True) if tables.cards else self.settle
        self.backlog = self._backlog()

    # Statements

    def _page(self, condition: sql.Composable) -> sql.Composed:
        return compose(
            """
            select {job_id} as job_id, {small} as is_small, {created} as created_at, clock_timestamp() as app_now
            from {jobs} as job
            where job.{status} = {pending} and {condition}
                and (%(after_id)s::text is null
                    or ({place}, job.{id}) > ({after}, %(after_id)s::text::{id_type}))
            order by {place}, job.{id} limit %(limit)s
            """,
            job_id=self.job_id,
            small=self.is_small,
            created=self.created,
            place=self.place,
            after=self.place_of(sql.SQL("%(after)s::timestamptz")),
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
            job_id=self.job_id,
            status=self._status.identifier,
            small=self.is_small,
            token=self.token,
            jobs=self._jobs.identifier,
            id=self._id.identifier,
            ids=self.ids(),
        )

    def _processing(self) -> sql.Composed:
        return compose(
            """
            select {job_id} as job_id, {state} as state, {small} as is_small, clock_timestamp() as app_now
            from {jobs} as job where {processing} order by {place}, job.{id} limit %(limit)s
            """,
            job_id=self.job_id,
            state=self.visible_state,
            small=self.is_small,
            jobs=self._jobs.identifier,
            processing=self.is_processing,
            place=self.place,
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
            processing=self.is_processing,
            state=self.visible_state,
            # The first execution has taken it, and its response was lost.
            is_again=sql.SQL("%(is_repeated)s")
            if started is None
            else sql.SQL("job.{} = {}").format(started.identifier, started.of_moment(began)),
            job_id=self.job_id,
            token=self.token,
            age=self.age,
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
            created=self.created if "createdAt" in self._jobs else sql.SQL("clock_timestamp()"),
            digest=digest(phrases),
            size=sql.SQL("octet_length({}::text)").format(phrases),
            largest=sql.Literal(_LARGEST_PHRASES_BYTES),
            phrases=phrases,
            jobs=self._jobs.identifier,
            fence=self.fence,
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
            fence=self.fence,
        )

    def _release(self) -> sql.Composed:
        return compose(
            "update {jobs} as job set {changes} where {fence} returning 1",
            jobs=self._jobs.identifier,
            changes=self.changes({"status": self.state(JobStatus.PENDING)}),
            fence=self.fence,
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
            fence=self.fence,
            digest=digest(identifier("job", "phrases")),
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
            processing=self.is_processing,
            age=self.age,
            job_id=self.job_id,
            jobs=self._jobs.identifier,
        )


def _url(column: Column) -> sql.Composed:
    return sql.SQL("(given.entry ->> {})::{}").format(sql.Literal(column.name), column.type)
