"""The application's database: its jobs, as a queue and its workers read and change them."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from sayso.cards.postgres.discovery import discover
from sayso.cards.postgres.statements import Statements
from sayso.cards.postgres.values import Candidate, SeenJob, TakenJob
from sayso.cards.records import JobStatus
from sayso.errors import SaysoError, ServiceUnavailable
from sayso.postgres.connections import storable
from sayso.postgres.listener import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sayso.cards.postgres.held import HeldLease
    from sayso.cards.postgres.tables import ApplicationTables
    from sayso.cards.postgres.values import Ending
    from sayso.postgres.connections import Row, Statement
    from sayso.postgres.pool import Database

_log = structlog.get_logger(__name__)

_REFRESH_SECONDS = 60.0
"""The age of what is known of the tables, after which they are looked at again."""

_MOST_PROCESSING = 2000
"""So many jobs in processing are looked at, the oldest first."""


class Application:
    """See the module; belongs to the event loop of its database.

    Args:
        database: of the application; its opener closes it.
        schema: of its tables; by default as its address says.
        clock: monotonic seconds.
    """

    def __init__(
        self, database: Database, *, schema: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.database = database
        self._schema = schema
        self._clock = clock
        self._looked_at = clock()
        self._tables: ApplicationTables | None = None
        self._statements: Statements | None = None
        self._is_stale = True
        """Whether the tables may have changed: a statement was refused since they were found."""

    @property
    def known(self) -> ApplicationTables | None:
        """The tables as they were found last; None if they were not yet."""
        return self._tables

    def announce(self) -> None:
        """Notify the workers that there may be a job."""
        self.database.notify(Channel.CARDS, "" if self._tables is None else self._tables.jobs.schema)

    async def refresh(self) -> ApplicationTables:
        """Find out what the tables look like: at the start, when a statement was refused, and once in a while.

        Raises:
            ResourceMissing, InvalidInput, ServiceUnavailable: as `discover`.
        """
        self._looked_at = self._clock()
        tables = await discover(self.database, schema=self._schema)
        self._is_stale = False
        if tables != self._tables:
            for warning in tables.warnings:
                _log.warning("the application's tables", warning=warning)
            self._statements = Statements(tables)
            self._tables = tables
        return tables

    async def tables(self) -> ApplicationTables:
        """The tables as they were found last; found out now if they were not yet, or a statement was refused.

        They are looked at again once in a while: a migration may add a column, which no statement of ours misses.

        Raises:
            ResourceMissing, InvalidInput, ServiceUnavailable: as `discover`.
        """
        if self._tables is None or self._is_stale:
            return await self.refresh()
        if self._clock() - self._looked_at >= _REFRESH_SECONDS:
            with suppress(SaysoError):  # what is known works, until a statement is refused
                return await self.refresh()
        return self._tables

    async def name(self) -> str:
        """Its name in Sayso's own tables.

        Raises:
            ResourceMissing, InvalidInput, ServiceUnavailable: as `discover`.
        """
        return (self._tables or await self.refresh()).application

    async def statements(self) -> Statements:
        """The statements for these tables.

        Raises:
            ResourceMissing, InvalidInput, ServiceUnavailable: as `discover`.
        """
        await self.tables()
        assert self._statements is not None  # noqa: S101 -- they come with the tables
        return self._statements

    # Reading

    async def pending(self, *, after: Candidate | None, limit: int, small_only: bool) -> Sequence[Candidate]:
        """Jobs that wait, the oldest first.

        Args:
            after: the last of those that are known.
            limit: the largest number.
            small_only: whether to read only those with few phrases.
        """
        statements = await self.statements()
        about = {
            "after": after and after.created_at,
            "after_id": after and after.job_id,
            "limit": limit,
        }
        rows = await self.fetch(statements.small if small_only else statements.pending, about)
        return [Candidate(**row) for row in rows]

    async def look(self, job_ids: Sequence[str]) -> Mapping[str, SeenJob]:
        """Those of the jobs that exist, by id."""
        rows = await self.fetch((await self.statements()).look, {"ids": list(job_ids)})
        return {row.pop("job_id"): SeenJob(**row) for row in rows}

    async def processing(self) -> tuple[Sequence[Candidate], bool]:
        """Jobs in ``processing`` with their visible state, and whether these are all."""
        rows = await self.fetch((await self.statements()).processing, {"limit": _MOST_PROCESSING})
        return [Candidate(**row) for row in rows], len(rows) < _MOST_PROCESSING

    async def backlog(self) -> Row:
        """How many jobs are ``pending``, the ids of those in ``processing``, and the age of the oldest in seconds."""
        (row,) = await self.fetch((await self.statements()).backlog, {})
        return row

    # Changing

    async def take(self, candidates: Sequence[Candidate], *, began: datetime) -> Mapping[str, TakenJob]:
        """Set jobs to ``processing`` that are still as they were seen; their leases are this worker's.

        Args:
            candidates: which.
            began: for "startedAt".

        Returns:
            Those that were taken, by id.
        """
        about = {
            "ids": [candidate.job_id for candidate in candidates],
            "are_ours": [candidate.is_ours for candidate in candidates],
            "states": [candidate.state for candidate in candidates],
            "began": began,
        }
        rows, _ = await self._change((await self.statements()).take, about)
        return {row.pop("job_id"): TakenJob(**row) for row in rows}

    async def begin(self, held: HeldLease) -> Row | None:
        """The job of a lease; None if the lease is lost."""
        rows = await self.fetch((await self.statements()).begin, held.fence)
        return rows[0] if rows else None

    async def store_progress(self, held: HeldLease, processed: int) -> bool:
        """Store how many phrases are finished. False if the lease is lost."""
        return bool(await self.fetch((await self.statements()).progress, held.fence | {"processed": processed}))

    async def release(self, held: HeldLease) -> bool:
        """Set a job to ``pending`` again. False if the lease is lost."""
        return await self._end(held, JobStatus.PENDING, (await self.statements()).release, held.fence)

    async def settle(self, held: HeldLease, ending: Ending) -> bool:
        """End a job. False if the lease is lost, or the phrases are others."""
        statements = await self.statements()
        about = held.fence | {
            "status": str(ending.status),
            "error": await self.storable_error(ending.error),
            "keeps_error": ending.keeps_error,
            "processed": ending.processed,
            "urls": None if ending.urls is None else json.dumps(ending.urls),
            "digest": ending.digest,
        }
        if ending.cards:
            about["cards"] = json.dumps(ending.cards)
        statement = statements.settle_with_cards if ending.cards else statements.settle
        held.is_settled = await self._end(held, ending.status, statement, about)
        return held.is_settled

    async def _end(self, held: HeldLease, status: JobStatus, statement: Statement, about: Mapping[str, Any]) -> bool:
        """Make the last change of a lease, and return whether it was made, now or before its response was lost."""
        is_again = held.ending == status
        held.ending = status  # and stays, if it is not known whether the change was made
        rows, is_repeated = await self._change(statement, about)
        is_done = bool(rows)
        if not rows and (is_repeated or is_again):
            seen = (await self.look([held.lease.job_id])).get(held.lease.job_id)
            is_done = seen is not None and seen.status == status and seen.token == held.lease.token
        held.ending = status if is_done else None
        return is_done

    async def storable_error(self, error: str | None) -> str | None:
        """An error as "errorMessage" can have it: it may be too short for the whole of it."""
        tables = await self.tables()
        column = tables.jobs.get("errorMessage")
        if error is None or column is None:
            return None
        error = storable(error)
        if not tables.is_unicode:
            error = error.encode("ascii", errors="replace").decode()
        if column.length is not None and len(error) > column.length:
            mark = "…" if tables.is_unicode else ""
            error = error[: max(column.length - len(mark), 0)] + mark
        return error

    # Statements

    async def fetch(
        self, statement: Statement, about: Mapping[str, Any], *, is_repeatable: bool = True
    ) -> Sequence[Row]:
        """Run a statement that was made for the tables; when it is refused, they are looked at again the next time.

        Raises:
            InvalidInput, ServiceUnavailable: as `Database.fetch`.
        """
        try:
            return await self.database.fetch(statement, about, is_repeatable=is_repeatable)
        except ServiceUnavailable:
            self._is_stale = True
            raise

    async def _change(self, statement: Statement, about: Mapping[str, Any]) -> tuple[Sequence[Row], bool]:
        """Run a statement, and return its rows, and whether an earlier execution may have succeeded."""
        executions = 0

        async def execute() -> Sequence[Row]:
            nonlocal executions
            executions += 1
            return await self.database.attempt(statement, {**about, "is_repeated": executions > 1})

        try:
            return await self.database.persist(execute), executions > 1
        except ServiceUnavailable:
            self._is_stale = True
            raise
