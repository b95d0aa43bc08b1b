"""A store of narrations in memory, with its tasks and queues."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sayso.errors import IdempotencyKeyReused, LeaseLost, NoSuchJob
from sayso.narrations import (
    Callback,
    CallbackAttempt,
    NarrationRecord,
    NarrationStatus,
    Page,
    Submitted,
    callback_message,
    cannot_retry,
    new_narration_id,
)
from sayso.testing.jobs import InMemoryQueue, InMemoryTaskStore, MemoryTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.jobs import Claim, ClaimHeldElsewhere, Finished, TaskProgress
    from sayso.narrations import CallbackStatus, NarrationRequest

_QUEUED = "QUEUED"
_CANCELLED = "CANCELLED"


@dataclass(kw_only=True, slots=True)
class _Row:
    """A narration in memory.

    Attributes:
        record: its latest state.
        request: what was submitted.
        idempotency_key: the key of the submission.
        job_id: of its job.
        announced: the final states for which a callback was enqueued.
    """

    record: NarrationRecord
    request: NarrationRequest
    idempotency_key: str | None
    job_id: str
    announced: set[NarrationStatus] = field(default_factory=set)


class InMemoryNarrationStore:
    """See `sayso.narrations.NarrationStore`; for one event loop.

    Args:
        clock: the time.

    Attributes:
        stories: the queue of the narrations' jobs.
        callbacks: the queue of the callbacks' jobs.
        tasks: the narrations' tasks.
    """

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.stories = InMemoryQueue()
        self.callbacks = InMemoryQueue()
        self.tasks = _Tasks(self._changed)
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._numbers = itertools.count(1)
        self._change = asyncio.Event()

    async def submit(self, request: NarrationRequest, *, owner: str, idempotency_key: str | None = None) -> Submitted:
        """See `NarrationStore.submit`."""
        if idempotency_key is not None:
            for row in self._rows.values():
                if (row.record.owner, row.idempotency_key) == (owner, idempotency_key):
                    if row.request.fingerprint != request.fingerprint:
                        raise IdempotencyKeyReused("The idempotency key was used for another request.")
                    return Submitted(record=row.record, is_new=False)
        record = self._accepted(request, owner)
        for name in request.formats:
            self.tasks.tasks[record.id, name] = MemoryTask(status=_QUEUED)
        job_id = await self.stories.enqueue(request.message(record.id, owner=owner))
        self._rows[record.id] = _Row(record=record, request=request, idempotency_key=idempotency_key, job_id=job_id)
        return Submitted(record=record, is_new=True)

    def _accepted(self, request: NarrationRequest, owner: str) -> NarrationRecord:
        url = request.callback_url
        return NarrationRecord(
            id=new_narration_id(),
            owner=owner,
            event_id=next(self._numbers),
            status=NarrationStatus.QUEUED,
            options=request.spec.shown(),
            created_at=self._clock(),
            started_at=None,
            finished_at=None,
            progress=0.0,
            audio_seconds=0.0,
            error=None,
            files={},
            callback=None if url is None else Callback(url=url, status="pending", attempts=()),
        )

    async def get(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.get`."""
        return self._found(narration_id, owner).record

    async def page(
        self, *, owner: str | None, status: NarrationStatus | None = None, limit: int, after: str | None = None
    ) -> Page:
        """See `NarrationStore.page`."""
        newest_first = [row.record for row in reversed(self._rows.values()) if owner in {None, row.record.owner}]
        if after is not None:
            place = next((place for place, record in enumerate(newest_first) if record.id == after), None)
            if place is None:
                raise _no_such(after)
            newest_first = newest_first[place + 1 :]
        found = [record for record in newest_first if status in {None, record.status}]
        return Page(records=tuple(found[:limit]), has_more=len(found) > limit)

    async def cancel(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.cancel`."""
        row = self._found(narration_id, owner)
        if not row.record.status.is_final:
            for name in row.request.formats:
                self.tasks.cancel(narration_id, name)
            await self.stories.cancel(row.job_id)
            self._changed(narration_id)
            await self.enqueue_callback(narration_id)
        return row.record

    async def retry(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """See `NarrationStore.retry`."""
        row = self._found(narration_id, owner)
        if row.record.status is NarrationStatus.COMPLETED:
            raise cannot_retry(row.record)
        if row.record.status.is_final:
            for name in row.request.formats:
                self.tasks.retry(narration_id, name)
            row.job_id = await self.stories.enqueue(row.request.message(narration_id, owner=row.record.owner))
            row.record = replace(row.record, started_at=None)
            self._changed(narration_id)
        return row.record

    async def remove(self, record: NarrationRecord) -> None:
        """See `sayso.narrations.NarrationRemover`; without files."""
        del self._rows[record.id]
        for name in record.formats:
            del self.tasks.tasks[record.id, name]

    async def changes(self, seen: Mapping[str, int]) -> Sequence[NarrationRecord]:
        """See `NarrationStore.changes`."""
        known = ((self._rows[name].record, event_id) for name, event_id in seen.items() if name in self._rows)
        return [record for record, event_id in known if record.event_id > event_id]

    async def wait_for_change(self) -> None:
        """See `NarrationStore.wait_for_change`."""
        await self._change.wait()

    async def enqueue_callback(self, narration_id: str) -> None:
        """See `NarrationStore.enqueue_callback`."""
        row = self._rows.get(narration_id)
        if row is None or row.record.callback is None:
            return
        status = row.record.status
        if status.is_final and status not in row.announced:
            row.announced.add(status)
            row.record = replace(row.record, callback=replace(row.record.callback, status="pending"))
            await self.callbacks.enqueue(callback_message(narration_id, status))

    async def record_attempt(
        self, narration_id: str, *, status: int | None, error: str | None, callback: CallbackStatus
    ) -> None:
        """See `NarrationStore.record_attempt`."""
        row = self._rows.get(narration_id)
        if row is None or row.record.callback is None:
            return
        attempt = CallbackAttempt(at=self._clock(), status=status, error=error)
        before = row.record.callback
        row.record = replace(
            row.record, callback=Callback(url=before.url, status=callback, attempts=(*before.attempts, attempt))
        )

    async def fail_callback(self, narration_id: str) -> None:
        """See `NarrationStore.fail_callback`."""
        row = self._rows.get(narration_id)
        if row is not None and row.record.callback is not None and row.record.callback.status == "pending":
            row.record = replace(row.record, callback=replace(row.record.callback, status="failed"))

    async def close(self) -> None:
        """See `NarrationStore.close`."""

    def _found(self, narration_id: str, owner: str | None) -> _Row:
        row = self._rows.get(narration_id)
        if row is None or owner not in {None, row.record.owner}:
            raise _no_such(narration_id)
        return row

    def _changed(self, parent_id: str) -> None:
        """Update a narration from its tasks, and notify the subscribers."""
        row = self._rows.get(parent_id)
        if row is None:
            return
        record = self._seen(row)
        if record != row.record:
            row.record = replace(record, event_id=next(self._numbers))
            self._change.set()
            self._change = asyncio.Event()

    def _seen(self, row: _Row) -> NarrationRecord:
        tasks = [self.tasks.tasks[row.record.id, name] for name in row.request.formats]
        status = _status_of([task.status for task in tasks])
        progress = [task.progress for task in tasks if task.progress is not None]
        now = self._clock()
        is_completed = status is NarrationStatus.COMPLETED
        return replace(
            row.record,
            status=status,
            started_at=row.record.started_at or (now if any(task.lease_id for task in tasks) else None),
            finished_at=(row.record.finished_at or now) if status.is_final else None,
            progress=1.0 if is_completed else max((each.share for each in progress), default=0.0),
            audio_seconds=max((each.audio_seconds for each in progress), default=0.0),
            error=next((task.error for task in tasks if task.status == "FAILED"), None),
            error_code=next((task.error_code for task in tasks if task.status == "FAILED"), None),
            files={name: task.media_url or "" for name, task in zip(row.request.formats, tasks, strict=True)}
            if is_completed
            else {},
        )


def _status_of(tasks: Sequence[str]) -> NarrationStatus:
    """The status of a narration with these tasks."""
    if _CANCELLED in tasks:
        return NarrationStatus.CANCELLED
    if "FAILED" in tasks:
        return NarrationStatus.FAILED
    if set(tasks) == {"COMPLETED"}:
        return NarrationStatus.COMPLETED
    return NarrationStatus.QUEUED if set(tasks) == {_QUEUED} else NarrationStatus.RUNNING


def _no_such(narration_id: str) -> NoSuchJob:
    return NoSuchJob(f"There is no narration {narration_id!r}.")


class _Tasks(InMemoryTaskStore):
    """The tasks; reports every change. A cancelled task belongs to no worker any more."""

    def __init__(self, on_change: Callable[[str], None]) -> None:
        super().__init__()
        self._on_change = on_change

    def cancel(self, parent_id: str, task_id: str) -> None:
        task = self.tasks[parent_id, task_id]
        if task.status != "COMPLETED":
            task.status, task.lease_until = _CANCELLED, 0.0

    def retry(self, parent_id: str, task_id: str) -> None:
        task = self.tasks[parent_id, task_id]
        if task.status != "COMPLETED":
            task.status, task.lease_id, task.progress = _QUEUED, 0, None
            task.error = task.error_code = None

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        tasks = [self.tasks.get((parent_id, task_id)) for task_id in task_ids]
        if any(task is not None and task.status == _CANCELLED for task in tasks):
            raise LeaseLost(f"Tasks of {parent_id!r} were cancelled.")
        claim = await super().claim(parent_id, task_ids)
        self._on_change(parent_id)
        return claim

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        await super().heartbeat(claim, progress)
        self._on_change(claim.parent_id)

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        await super().complete(claim, media_urls)
        self._on_change(claim.parent_id)

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        await super().fail(claim, error=error, code=code)
        self._on_change(claim.parent_id)
