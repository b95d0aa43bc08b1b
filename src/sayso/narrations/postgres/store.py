"""Narrations in PostgreSQL, one row each; a trigger derives the status from the tasks."""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sayso.errors import IdempotencyKeyReused, NoSuchJob
from sayso.jobs.outbox import NewJob
from sayso.jobs.postgres.outbox import enqueue
from sayso.jobs.postgres.statements import CANCEL
from sayso.narration import SHOWN
from sayso.narrations import (
    CALLBACKS_QUEUE,
    STORIES_QUEUE,
    Callback,
    CallbackAttempt,
    NarrationRecord,
    NarrationStatus,
    Page,
    Submitted,
    callback_message,
    cannot_retry,
    is_narration_id,
    new_narration_id,
)
from sayso.narrations.postgres import statements
from sayso.postgres.listener import Channel
from sayso.postgres.notifier import Notifier
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.narrations import CallbackStatus, NarrationRequest
    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database
    from sayso.postgres.transactions import Transaction


class PostgresNarrationStore:
    """See `sayso.narrations.NarrationStore`; belongs to the event loop of its database.

    Locks are taken in the order of the task store: tasks before their narration, which the trigger changes.

    Args:
        database: the database; its owner closes it, after this store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = Notifier()
        listener = database.listener
        self._end_listening = (
            None if listener is None else listener.on(Channel.EVENTS, lambda _: self._changes.notify())
        )

    async def submit(self, request: NarrationRequest, *, owner: str, idempotency_key: str | None = None) -> Submitted:
        """See `NarrationStore.submit`."""
        narration_id = new_narration_id()
        # Both process the whole text, which may be a book.
        row, body = await on_thread(lambda: (_row_of(request), request.message(narration_id, owner=owner)))
        job = NewJob(queue=STORIES_QUEUE, body=body)
        about = row | {"id": narration_id, "job_id": job.job_id, "owner": owner, "key": idempotency_key}

        async def submit() -> Submitted:
            async with self._database.transaction() as transaction:
                if not await transaction.fetch(statements.ADD, about):
                    return await self._known(transaction, about)
                await enqueue(transaction, job)
                await transaction.fetch(statements.ADD_TASKS, {"id": narration_id, "tasks": list(request.formats)})
                await _add_event(transaction, narration_id, "submitted")
                return Submitted(record=await _found(transaction, narration_id, owner), is_new=True)

        return await self._database.persist(submit)

    @staticmethod
    async def _known(transaction: Transaction, about: Mapping[str, Any]) -> Submitted:
        """An earlier submission: of this call, whose response was lost, or with the same key."""
        (row,) = await transaction.fetch(statements.FIND_BY_KEY, about)
        if row["fingerprint"] != about["fingerprint"]:
            raise IdempotencyKeyReused("The idempotency key was used for another request.")
        record = await _found(transaction, row["id"], about["owner"])
        return Submitted(record=record, is_new=row["id"] == about["id"])

    async def get(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.get`."""
        return (await self._visible(narration_id, owner))[1]

    async def _visible(self, narration_id: str, owner: str | None) -> tuple[Row, NarrationRecord]:
        _require_name(narration_id)
        rows = await self._database.fetch(statements.FIND, {"ids": [narration_id]}, is_repeatable=True)
        return _visible(rows, narration_id, owner)

    async def page(
        self, *, owner: str | None, status: NarrationStatus | None = None, limit: int, after: str | None = None
    ) -> Page:
        """See `NarrationStore.page`."""
        before = None if after is None else (await self._visible(after, owner))[0]["number"]
        about = {"owner": owner, "status": status, "before": before, "limit": limit + 1}
        rows = await self._database.fetch(statements.PAGE, about, is_repeatable=True)
        return Page(records=tuple(map(_record, rows[:limit])), has_more=len(rows) > limit)

    async def cancel(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.cancel`."""
        row, record = await self._visible(narration_id, owner)
        if record.status.is_final:
            return record

        async def cancel() -> NarrationRecord:
            about = {"id": narration_id}
            async with self._database.transaction() as transaction:
                await transaction.fetch(statements.LOCK_TASKS, about)
                record = await _found(transaction, narration_id, owner)
                if record.status.is_final:
                    return record
                await transaction.fetch(statements.CANCEL_TASKS, about)
                await transaction.fetch(CANCEL, {"id": row["job_id"]})
                await _add_event(transaction, narration_id, "cancelled")
                transaction.notify(Channel.REVOKED)
                record = await _found(transaction, narration_id, owner)
                await _enqueue_callback(transaction, record)
                return record

        return await self._database.persist(cancel)

    async def retry(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.retry`."""
        row, record = await self._visible(narration_id, owner)
        if not record.status.is_final:
            return record
        about = {"id": narration_id, "job_id": row["job_id"]}

        async def retry() -> NarrationRecord:
            async with self._database.transaction() as transaction:
                await transaction.fetch(statements.LOCK_TASKS, about)
                record = await _found(transaction, narration_id, owner)
                if not record.status.is_final:
                    return record
                if record.status is NarrationStatus.COMPLETED or not await _job_waits(transaction, about):
                    raise cannot_retry(record)
                await transaction.fetch(statements.RETRY_TASKS, about)
                await transaction.fetch(statements.RESTART, about)
                await _add_event(transaction, narration_id, "retried")
                transaction.notify(Channel.JOBS, STORIES_QUEUE)
                return await _found(transaction, narration_id, owner)

        return await self._database.persist(retry)

    async def changes(self, seen: Mapping[str, int]) -> Sequence[NarrationRecord]:
        """See `NarrationStore.changes`."""
        about = {"ids": list(seen), "seen": list(seen.values())}
        changed = await self._database.fetch(statements.CHANGED, about, is_repeatable=True) if seen else ()
        if not changed:
            return ()
        ids = [row["id"] for row in changed]
        return [_record(row) for row in await self._database.fetch(statements.FIND, {"ids": ids}, is_repeatable=True)]

    async def wait_for_change(self) -> None:
        """See `NarrationStore.wait_for_change`."""
        await self._changes.wait(self._changes.count, seconds=math.inf)

    async def enqueue_callback(self, narration_id: str) -> None:
        """See `NarrationStore.enqueue_callback`."""

        async def enqueue_callback() -> None:
            async with self._database.transaction() as transaction:
                rows = await transaction.fetch(statements.FIND, {"ids": [narration_id]})
                for record in map(_record, rows):
                    await _enqueue_callback(transaction, record)

        if is_narration_id(narration_id):
            await self._database.persist(enqueue_callback)

    async def record_attempt(
        self, narration_id: str, *, status: int | None, error: str | None, callback: CallbackStatus
    ) -> None:
        """See `NarrationStore.record_attempt`."""
        about = {
            "id": narration_id,
            "key": secrets.token_hex(8),
            "status": status,
            "error": error,
            "callback": callback,
        }
        await self._database.fetch(statements.RECORD_ATTEMPT, about, is_repeatable=True)

    async def fail_callback(self, narration_id: str) -> None:
        """See `NarrationStore.fail_callback`."""
        await self._database.fetch(statements.FAIL_CALLBACK, {"id": narration_id}, is_repeatable=True)

    async def close(self) -> None:
        """See `NarrationStore.close`; the connections are the database's."""
        if self._end_listening is not None:
            self._end_listening()


async def _found(transaction: Transaction, narration_id: str, owner: str | None) -> NarrationRecord:
    rows = await transaction.fetch(statements.FIND, {"ids": [narration_id]})
    return _visible(rows, narration_id, owner)[1]


def _visible(rows: Sequence[Row], narration_id: str, owner: str | None) -> tuple[Row, NarrationRecord]:
    """The narration of a query.

    Raises:
        NoSuchJob: it does not exist, or belongs to another owner.
    """
    for row in rows:
        if owner in {None, row["owner"]}:
            return row, _record(row)
    raise _no_such(narration_id)


async def _job_waits(transaction: Transaction, about: Mapping[str, Any]) -> bool:
    """Whether the job of a narration that has ended waits again, or did so already; False if it is not kept."""
    return bool(
        await transaction.fetch(statements.RETRY_JOB, about) or await transaction.fetch(statements.JOB_IS_OPEN, about)
    )


async def _enqueue_callback(transaction: Transaction, record: NarrationRecord) -> None:
    """Enqueue the callback to the owner, once for each final status: the status is part of the job's key."""
    if record.callback is None or not record.status.is_final:
        return
    body, key = callback_message(record.id, record.status), f"{record.id} {record.status}"
    (enqueued,) = await enqueue(transaction, NewJob(queue=CALLBACKS_QUEUE, body=body, key=key))
    if enqueued.is_new:
        await transaction.fetch(statements.EXPECT_CALLBACK, {"id": record.id})


async def _add_event(transaction: Transaction, narration_id: str, kind: str) -> None:
    await transaction.fetch(statements.ADD_EVENT, {"id": narration_id, "kind": kind})
    transaction.notify(Channel.EVENTS, narration_id)


def _require_name(narration_id: str) -> None:
    """Refuse a name that no narration can have; some such names are not valid in the database."""
    if not is_narration_id(narration_id):
        raise _no_such(narration_id)


def _no_such(narration_id: str) -> NoSuchJob:
    return NoSuchJob(f"There is no narration {narration_id!r}.")


def _row_of(request: NarrationRequest) -> dict[str, Any]:
    return {"fingerprint": request.fingerprint, "callback_url": request.callback_url} | request.spec.shown()


def _record(row: Row) -> NarrationRecord:
    status = NarrationStatus(row["status"])
    options = {name: row[name] for name in SHOWN}
    formats = (*options["audio"], *options["subtitles"])
    is_completed = status is NarrationStatus.COMPLETED
    return NarrationRecord(
        id=row["id"],
        owner=row["owner"],
        event_id=row["event_id"],
        status=status,
        options=options,
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        progress=row["progress"],
        audio_seconds=row["audio_seconds"],
        error=row["error"] if status is NarrationStatus.FAILED else None,
        error_code=row["error_code"] if status is NarrationStatus.FAILED else None,
        files={name: row["files"][name] for name in formats} if is_completed else {},
        callback=_callback(row),
    )


def _callback(row: Row) -> Callback | None:
    if row["callback_url"] is None:
        return None
    attempts = tuple(
        CallbackAttempt(at=datetime.fromisoformat(each["at"]), status=each["status"], error=each["error"])
        for each in row["callback_attempts"]
    )
    return Callback(url=row["callback_url"], status=row["callback_status"], attempts=attempts)
