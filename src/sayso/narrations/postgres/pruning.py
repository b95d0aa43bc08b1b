"""Remove expired rows in small batches, beside running work.

Each batch is a short transaction. Rows that are locked are skipped (SKIP LOCKED), so no worker waits. Only one of
several processes removes rows at a time: it holds an advisory lock that ends with its transaction, as PgBouncer
requires.

A narration is removed in steps, so that a process that is killed leaves nothing that cannot be found again. First it is
reserved and its job is removed, so that it cannot be retried. Then its files are deleted, then its events, and its row
last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from sayso.narrations import CALLBACKS_QUEUE, NarrationStatus
from sayso.narrations.postgres import pruning_statements as statements

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sayso.narrations.postgres.pruning_statements import JobEnd
    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database
    from sayso.postgres.transactions import Transaction

_LOCK = 0x5A51  # beside that of migrations
_RESERVED_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class OldNarration:
    """A narration that ended some time ago.

    Attributes:
        id: its name.
        number: of its row, after which the next search begins.
        finished_at: when it ended.
        formats: of its files.
    """

    id: str
    number: int
    finished_at: datetime
    formats: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanStep:
    """One step of a scan through a table.

    Attributes:
        removed: how many rows were removed.
        after: where the next step begins; None at the end of the table.
        is_last: whether no expired rows follow.
    """

    removed: int
    after: Any
    is_last: bool


class Pruner:
    """Removes expired rows; see the module. Belongs to the event loop of its database.

    Calls return None if another process is removing rows. All raise `ServiceUnavailable`.

    Args:
        database: of the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remove_jobs(self, end: JobEnd, *, days: float, limit: int) -> int | None:
        """Remove some jobs that ended in this state so many days ago, the oldest first, and return how many."""
        rows = await self._exclusively(statements.JOBS[end], {"days": days, "limit": limit})
        return None if rows is None else len(rows)

    async def reserve_narrations(
        self, statuses: Collection[NarrationStatus], *, days: float, limit: int, after: OldNarration | None = None
    ) -> Sequence[OldNarration] | None:
        """Reserve some narrations that ended so long ago for removal, the oldest first, and remove their jobs.

        Narrations whose job or callback is still open, and those that another process has reserved, are left out.

        Args:
            statuses: their final statuses.
            days: how long ago, at least.
            limit: the largest number.
            after: the last one of the previous call, whether or not it could be removed.
        """
        parameters = {
            "statuses": [str(status) for status in statuses],
            "days": days,
            "limit": limit,
            "after": "-infinity" if after is None else after.finished_at,
            "number": 0 if after is None else after.number,
            "callbacks": CALLBACKS_QUEUE,
            "reserved": _RESERVED_SECONDS,
        }

        async def reserve() -> Sequence[OldNarration] | None:
            async with self._database.transaction() as transaction:
                if not await _is_ours(transaction):
                    return None
                rows = await transaction.fetch(statements.RESERVE, parameters)
                if rows:
                    rows = await _without_jobs(transaction, rows)
                return sorted(map(_old_narration, rows), key=lambda each: (each.finished_at, each.number))

        return await self._database.persist(reserve)

    async def reserve_narration(self, narration_id: str) -> OldNarration | None:
        """Reserve one narration for removal as soon as it has ended, and remove its job; None if that cannot be now."""
        parameters = {"id": narration_id, "callbacks": CALLBACKS_QUEUE, "reserved": _RESERVED_SECONDS}

        async def reserve() -> OldNarration | None:
            async with self._database.transaction() as transaction:
                rows = await transaction.fetch(statements.RESERVE_ONE, parameters)
                rows = await _without_jobs(transaction, rows) if rows else ()
                return _old_narration(rows[0]) if rows else None

        return await self._database.persist(reserve)

    async def release_narration(self, narration_id: str) -> None:
        """Give up the removal of a reserved narration, so that another call may try it at once."""
        await self._database.fetch(statements.RELEASE, {"id": narration_id}, is_repeatable=True)

    async def files_of(self, narrations: Sequence[OldNarration]) -> Sequence[str]:
        """The URIs of the files of these completed narrations."""
        rows = await self._database.fetch(statements.FILES_OF, _ids(narrations), is_repeatable=True)
        return [row["media_url"] for row in rows]

    async def remove_events_of(self, narrations: Sequence[OldNarration], *, limit: int) -> int:
        """Remove some events of reserved narrations, and return how many."""

        async def remove() -> int:
            async with self._database.transaction() as transaction:
                await transaction.fetch(statements.LAZY, {})
                return len(await transaction.fetch(statements.EVENTS_OF, {**_ids(narrations), "limit": limit}))

        return await self._database.persist(remove)

    async def remove_narrations(self, narrations: Sequence[OldNarration]) -> int:
        """Remove reserved narrations with their tasks, after their files and most events; return how many."""

        async def remove() -> int:
            async with self._database.transaction() as transaction:
                parameters = _ids(narrations)
                await transaction.fetch(statements.LAZY, {})
                # Before their narration: the common order of locks.
                await transaction.fetch(statements.TASKS_OF, parameters)
                await transaction.fetch(statements.EVENTS_OF, {**parameters, "limit": None})
                return len(await transaction.fetch(statements.NARRATIONS, parameters))

        return await self._database.persist(remove)

    async def remove_old_events(self, *, days: float, limit: int, after: int | None = None) -> ScanStep | None:
        """Scan some events, in order, and remove expired ones, except the latest of each parent."""
        return await self._scan(statements.OLD_EVENTS, {"days": days, "limit": limit, "after": after or 0})

    async def remove_orphaned_tasks(
        self, *, days: float, limit: int, after: Sequence[str] | None = None
    ) -> ScanStep | None:
        """Scan some tasks, in the order of their names, and remove expired ones that belong to no narration."""
        parent, task = after or ("", "")
        return await self._scan(statements.OLD_TASKS, {"days": days, "limit": limit, "parent": parent, "task": task})

    async def _scan(self, statement: LiteralString, parameters: dict[str, Any]) -> ScanStep | None:
        rows = await self._exclusively(statement, parameters)
        return None if rows is None else ScanStep(**rows[0])

    async def _exclusively(self, statement: LiteralString, parameters: dict[str, Any]) -> Sequence[Row] | None:
        async def run() -> Sequence[Row] | None:
            async with self._database.transaction() as transaction:
                return await transaction.fetch(statement, parameters) if await _is_ours(transaction) else None

        return await self._database.persist(run)


async def _is_ours(transaction: Transaction) -> bool:
    """Whether this transaction has the lock of removals; if so, its commit does not wait for the disk."""
    await transaction.fetch(statements.LAZY, {})
    (row,) = await transaction.fetch(statements.TURN, {"lock": _LOCK})
    return bool(row["is_ours"])


async def _without_jobs(transaction: Transaction, rows: Sequence[Row]) -> Sequence[Row]:
    """Remove the jobs of narrations, and leave out narrations whose job is being retried."""
    keys = [f"{row['id']} {status}" for row in rows for status in NarrationStatus if status.is_final]
    failed = [row["job_id"] for row in rows if row["status"] == NarrationStatus.FAILED]
    parameters = {"ids": [row["job_id"] for row in rows], "failed": failed, "keys": keys, "callbacks": CALLBACKS_QUEUE}
    await transaction.fetch(statements.JOBS_OF, parameters)
    await transaction.fetch(statements.CALLBACKS_OF, parameters)
    still_open = {row["id"] for row in await transaction.fetch(statements.OPEN_JOBS, parameters)}
    return [row for row in rows if row["job_id"] not in still_open]


def _old_narration(row: Row) -> OldNarration:
    return OldNarration(
        id=row["id"], number=row["number"], finished_at=row["finished_at"], formats=tuple(row["formats"])
    )


def _ids(narrations: Sequence[OldNarration]) -> dict[str, Any]:
    return {"ids": [narration.id for narration in narrations]}
