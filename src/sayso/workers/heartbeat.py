"""Extending a claim on tasks while their work is done."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

import structlog

from sayso.cancellation import cancel_until_done
from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sayso.jobs import Claim, TaskProgress, TaskStore

_log = structlog.get_logger(__name__)

_PROGRESS_SECONDS = 1.0


class ClaimHeartbeat:
    """A block during which a claim is extended, and which is cancelled with `LeaseLost` when the claim is lost.

    Args:
        tasks: the store.
        claim: the claim; None for work without tasks.
        lease_seconds: how long the claim lasts without a heartbeat, as the store gives it.
        heartbeat_seconds: how often it is extended.
        progress_seconds: how often progress is stored, if there is any.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        tasks: TaskStore,
        claim: Claim | None,
        *,
        lease_seconds: float = LEASE_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        progress_seconds: float = _PROGRESS_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.progress: TaskProgress | None = None
        """How far the work is; may be set from any thread."""
        self._tasks = tasks
        self._claim = claim
        self._lease_seconds = lease_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._progress_seconds = progress_seconds
        self._clock = clock
        self._lost: LeaseLost | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._claim is not None:
            block = asyncio.current_task()
            assert block is not None  # noqa: S101 -- a coroutine runs in a task
            self._keeper = asyncio.create_task(self._keep(self._claim, block))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_cancelled = isinstance(error, asyncio.CancelledError)
        try:
            await self.end()
        except asyncio.CancelledError:
            if self._lost is None:
                raise
            is_cancelled = True  # it came after the block's last step
        block = asyncio.current_task()
        # Do not swallow a cancellation from outside.
        if self._lost is not None and is_cancelled and block is not None and block.uncancel() == 0:
            raise self._lost from None

    async def end(self) -> None:
        """Extend the claim no longer: before it is completed or failed, after which a heartbeat would find it lost."""
        if self._keeper is not None:
            await cancel_until_done(self._keeper)

    async def _keep(self, claim: Claim, block: asyncio.Task[object]) -> None:
        stored = None
        held_until = self._clock() + self._lease_seconds
        next_heartbeat = self._clock() + self._heartbeat_seconds
        while True:
            await asyncio.sleep(self._progress_seconds)
            progress = self.progress
            if progress is stored and self._clock() < next_heartbeat:
                continue
            try:
                began = self._clock()
                await self._tasks.heartbeat(claim, None if progress is stored else progress)
            except ServiceUnavailable as error:
                _log.warning("the tasks' store does not answer", reason=error.message)
                if self._clock() < held_until:
                    continue
                self._lost = LeaseLost("The claim could not be kept: its store does not answer.")
            except LeaseLost as error:
                self._lost = error
            else:
                stored, held_until, next_heartbeat = (
                    progress,
                    began + self._lease_seconds,
                    began + self._heartbeat_seconds,
                )
                continue
            block.cancel()
            return
