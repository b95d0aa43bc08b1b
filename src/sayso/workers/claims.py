"""Claims on the tasks of a job: taking them, keeping them during the work, and settling them.

Tasks are claimed before anything is computed, and completed last, only by the holder of the claim. So two workers that
have the same job do not both complete it, and a worker that was replaced changes nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Busy, InvalidInput, LeaseLost, SaysoError, ServiceUnavailable
from sayso.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS, Claim, ClaimHeldElsewhere, Finished
from sayso.workers.availability import retry_until_available
from sayso.workers.heartbeat import ClaimHeartbeat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sayso.jobs import TaskProgress, TaskStore
    from sayso.workers.attempts import Job

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 60.0
"""How long a job waits, the first time, when another worker still works on its tasks."""

_MARGIN_SECONDS = 1.0
"""How long after its end a lease is looked at again: some clocks count whole seconds."""


class TaskClaims:
    """Claims and settles the tasks of jobs in one store; belongs to the store's event loop.

    Args:
        tasks: the store.
        lease_seconds: how long a claim lasts without a heartbeat, as the store gives it.
        heartbeat_seconds: how often a claim is extended.
        margin_seconds: how long after the end of another worker's lease a task is claimed again.
    """

    def __init__(
        self,
        tasks: TaskStore,
        *,
        lease_seconds: float = LEASE_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        margin_seconds: float = _MARGIN_SECONDS,
    ) -> None:
        self._tasks = tasks
        self._lease_seconds = lease_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._margin_seconds = margin_seconds

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | Finished:
        """Claim tasks; where another worker has them, wait once for the end of its lease.

        Raises:
            Busy: the other worker extends its lease.
            LeaseLost: a task was cancelled.
            ResourceMissing, ServiceUnavailable: as `retry_until_available`.
        """
        claim_tasks = partial(self._tasks.claim, parent_id, task_ids)
        claim = await retry_until_available(claim_tasks)
        if isinstance(claim, ClaimHeldElsewhere):
            # The other worker may be dead, which shows when its lease ends.
            await asyncio.sleep(min(claim.retry_after_seconds, self._lease_seconds) + self._margin_seconds)
            claim = await retry_until_available(claim_tasks)
        if isinstance(claim, ClaimHeldElsewhere):
            raise Busy("Another worker is processing these tasks.", retry_after_seconds=_RETRY_SECONDS)
        return claim

    @asynccontextmanager
    async def held(self, claim: Claim | None, job: Job) -> AsyncIterator[ClaimHeartbeat]:
        """A block in which a claim is extended; it is released when the block fails, so that the next need not wait.

        Args:
            claim: the claim; None for work without tasks.
            job: the job, for which the store's count of attempts is noted.

        Raises:
            AttemptsUsedUp: as `Job.count`.
            LeaseLost: the claim was lost, and the block cancelled.
        """
        try:
            if claim is not None:
                job.count(claim.attempt)
            heartbeat = ClaimHeartbeat(
                self._tasks, claim, lease_seconds=self._lease_seconds, heartbeat_seconds=self._heartbeat_seconds
            )
            async with heartbeat:
                yield heartbeat
        except LeaseLost:
            raise
        except BaseException as error:
            is_attempt = isinstance(error, Exception) and not isinstance(error, Busy | ServiceUnavailable)
            await asyncio.shield(self._release(claim, is_counted=is_attempt))
            raise

    async def confirm(self, claim: Claim | None, job: Job) -> None:
        """Make sure that a job and its claim still belong to this worker.

        Raises:
            LeaseLost: one of them does not.
            ServiceUnavailable: the queue or the store does not answer.
        """
        await job.confirm()
        if claim is not None:
            await self._tasks.heartbeat(claim)

    async def complete(self, claim: Claim, media_urls: Mapping[str, str], *, progress: TaskProgress) -> None:
        """Complete the tasks of a claim, after its heartbeat was ended.

        Args:
            claim: the claim, which is spent then.
            media_urls: the result of each of its tasks.
            progress: the last progress that others see.

        Raises:
            LeaseLost: the claim was lost.
            ResourceMissing, ServiceUnavailable: as `retry_until_available`.
        """
        await retry_until_available(partial(self._tasks.heartbeat, claim, progress))
        await retry_until_available(partial(self._tasks.complete, claim, media_urls))

    async def fail(self, parent_id: str, task_ids: Sequence[str], error: str, *, code: str | None = None) -> bool:
        """Fail those tasks that are not completed, and return whether all of them were completed before.

        Raises:
            Busy, LeaseLost, ResourceMissing, ServiceUnavailable: as `claim`.
            InvalidInput: a task cannot be changed; the others have failed.
        """
        try:
            return await self._fail(parent_id, task_ids, error, code)
        except InvalidInput:
            if len(task_ids) > 1:
                for task_id in task_ids:
                    with suppress(InvalidInput):
                        await self._fail(parent_id, [task_id], error, code)
            raise

    async def _fail(self, parent_id: str, task_ids: Sequence[str], error: str, code: str | None) -> bool:
        claim = await self.claim(parent_id, task_ids)
        if isinstance(claim, Finished):
            return bool(claim.media_urls)
        try:
            await self._tasks.fail(claim, error=error, code=code)
        except InvalidInput:
            await self._release(claim)
            raise
        return False

    async def _release(self, claim: Claim | None, *, is_counted: bool = False) -> None:
        if claim is not None:
            try:
                await self._tasks.release(claim, is_counted=is_counted)
            except SaysoError as error:
                _log.info("the tasks stay claimed until their lease ends", reason=error.message)
