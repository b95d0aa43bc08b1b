"""Retention: for how long finished work is kept, and its removal beside running work.

Nothing that a user made is removed unless a setting says after how many days. Scratch directories of workers that died
are always removed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from sayso.errors import InvalidInput, OutputFailed, SaysoError
from sayso.narrations import NarrationStatus, cannot_remove
from sayso.narrations.files import narration_uri

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sayso.narrations import NarrationRecord
    from sayso.narrations.postgres.pruning import OldNarration, Pruner, ScanStep
    from sayso.narrations.postgres.pruning_statements import JobEnd
    from sayso.storage import Storages

_log = structlog.get_logger(__name__)

ENDED = (NarrationStatus.COMPLETED, NarrationStatus.FAILED, NarrationStatus.CANCELLED)

_ROUND_SECONDS = 600.0
_FIRST_ROUND_AFTER_SECONDS = 30.0

_TARGET_SECONDS = 1.0
"""The target duration of a batch, with all its statements and files: far below the timeout of one statement."""

_LEAST, _MOST = 10, 1000
_MOST_NARRATIONS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """For how many days finished work is kept; None for ever.

    Attributes:
        narrations_days: narrations that were completed, failed or cancelled, with their files and jobs.
        jobs_days: jobs that are done, dead or cancelled, and the events of narrations that are kept.
    """

    narrations_days: float | None = None
    jobs_days: float | None = None


class Batch:
    """The size of the next batch in rows, adapted so that a batch takes about `_TARGET_SECONDS`."""

    def __init__(self, *, most: int = _MOST) -> None:
        self.rows = min(100, most)
        self._most = most

    def adapt(self, seconds: float) -> None:
        """Adapt the size to the duration of the last batch."""
        if seconds > 2 * _TARGET_SECONDS:
            self.rows = max(self.rows // 2, _LEAST)
        elif seconds < _TARGET_SECONDS:
            self.rows = min(2 * self.rows, self._most)


class Retention:
    """Removes expired work; belongs to the loop on which its parts were opened; may be cancelled at any moment.

    Args:
        pruner: removes rows.
        storages: of the files.
        output_root: the URI below which the files of narrations are stored.
        on_removed: called with what was removed and how many: ``narrations``, ``files``, ``jobs``, ``events``,
            ``tasks``.
        on_batch: called for each batch with what it removed and its duration in seconds.
        sleep: waits between batches.
    """

    def __init__(
        self,
        pruner: Pruner,
        storages: Storages,
        *,
        output_root: str,
        on_removed: Callable[[str, int], None] = lambda _kind, _count: None,
        on_batch: Callable[[str, float], None] = lambda _kind, _seconds: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pruner = pruner
        self._storages = storages
        self._output_root = output_root
        self._on_removed = on_removed
        self._on_batch = on_batch
        self._sleep = sleep
        self._removed: Counter[str] = Counter()

    async def run(self, policy: RetentionPolicy, each_round: Callable[[], object] = lambda: None) -> None:
        """Remove expired work at regular intervals, until cancelled.

        Args:
            policy: the retention policy.
            each_round: a further task of each round, on a thread.
        """
        await self._sleep(_FIRST_ROUND_AFTER_SECONDS)
        while True:
            try:
                await asyncio.to_thread(each_round)
                await self.prune(policy)
            except SaysoError as error:
                _log.warning("what is old stays until the next round", reason=error.message)
            except Exception:  # noqa: BLE001 -- jobs go on whatever becomes of what is old
                _log.exception("what is old stays until the next round")
            await self._sleep(_ROUND_SECONDS)

    async def prune(self, policy: RetentionPolicy) -> None:
        """Remove expired work once.

        Raises:
            ServiceUnavailable: the database or a storage does not answer.
        """
        self._removed.clear()
        try:
            if policy.narrations_days is not None:
                await self.remove_narrations(ENDED, days=policy.narrations_days)
            if policy.jobs_days is not None:
                await self.remove_jobs(("done", "cancelled", "dead"), days=policy.jobs_days)
                await self._scan("events", self._pruner.remove_old_events, days=policy.jobs_days)
            days = [days for days in (policy.narrations_days, policy.jobs_days) if days is not None]
            if days:
                await self._scan("tasks", self._pruner.remove_orphaned_tasks, days=max(days))
        finally:
            if self._removed:
                _log.info("removed what was old", **self._removed)

    async def remove_jobs(self, ends: Collection[JobEnd], *, days: float) -> int:
        """Remove jobs that ended in these states so many days ago, and return how many.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        total = 0
        for end in ends:
            batch, removed = Batch(), None
            while removed is None or removed > 0:
                began = time.monotonic()
                removed = await self._pruner.remove_jobs(end, days=days, limit=batch.rows)
                if removed is None:  # another process is removing jobs
                    return total
                self._count("jobs", removed)
                total += removed
                await self._pause("jobs", batch, began)
        return total

    async def remove(self, record: NarrationRecord) -> None:
        """See `sayso.narrations.NarrationRemover`."""
        narration = await self._pruner.reserve_narration(record.id)
        if narration is None:
            raise cannot_remove(record.id)
        try:
            await self._delete_files([narration])
        except SaysoError:
            await self._pruner.release_narration(record.id)
            raise
        await self._remove_events_of([narration])
        self._count("narrations", await self._pruner.remove_narrations([narration]))

    async def remove_narrations(self, statuses: Collection[NarrationStatus], *, days: float) -> int:
        """Remove narrations that ended so many days ago, with their files, jobs, events and tasks; return how many.

        Narrations that cannot be removed, because a file is in another storage, are logged and left.

        Raises:
            ServiceUnavailable: the database or a storage does not answer.
        """
        total, batch = 0, Batch(most=_MOST_NARRATIONS)
        last: OldNarration | None = None
        while True:
            began = time.monotonic()
            found = await self._pruner.reserve_narrations(statuses, days=days, limit=batch.rows, after=last)
            if not found:
                return total
            last = found[-1]
            without_files = await self._without_files(found)
            if without_files:
                await self._remove_events_of(without_files)
                removed = await self._pruner.remove_narrations(without_files)
                self._count("narrations", removed)
                total += removed
            await self._pause("narrations", batch, began)

    async def _without_files(self, narrations: Sequence[OldNarration]) -> Sequence[OldNarration]:
        """Delete the files of narrations, and return the narrations whose files are all gone."""
        try:
            await self._delete_files(narrations)
        except (InvalidInput, OutputFailed) as error:
            if len(narrations) == 1:
                hint = "Delete its files, or run the process with the storage that they are in."
                _log.warning(
                    "a narration cannot be removed", narration_id=narrations[0].id, reason=error.message, hint=hint
                )
                return ()
        else:
            return narrations
        return [each for one in narrations for each in await self._without_files([one])]

    async def _delete_files(self, narrations: Sequence[OldNarration]) -> None:
        # Also files that a worker published before it failed or was cancelled, without reporting them.
        uris = {
            narration_uri(self._output_root, narration.id, form): None
            for narration in narrations
            for form in narration.formats
        } | dict.fromkeys(await self._pruner.files_of(narrations))
        self._count("files", await self._storages.delete(*uris))

    async def _remove_events_of(self, narrations: Sequence[OldNarration]) -> None:
        batch, removed = Batch(), 0
        while True:
            began = time.monotonic()
            asked, removed = batch.rows, await self._pruner.remove_events_of(narrations, limit=batch.rows)
            self._count("events", removed)
            if removed < asked:
                return
            await self._pause("events", batch, began)

    async def _scan(self, kind: str, step: Callable[..., Awaitable[ScanStep | None]], *, days: float) -> None:
        batch, after = Batch(), None
        while True:
            began = time.monotonic()
            walked: Any = await step(days=days, limit=batch.rows, after=after)
            if walked is None:
                return
            self._count(kind, walked.removed)
            if walked.is_last or walked.after is None:
                return
            after = walked.after
            await self._pause(kind, batch, began)

    def _count(self, kind: str, count: int) -> None:
        if count:
            self._removed[kind] += count
            self._on_removed(kind, count)

    async def _pause(self, kind: str, batch: Batch, began: float) -> None:
        """Pause for as long as the batch took."""
        seconds = time.monotonic() - began
        batch.adapt(seconds)
        self._on_batch(kind, seconds)
        await self._sleep(seconds)
