"""The worker service of a process: its workers on a loop of their own, and what others may ask about them.

The loop and everything that was opened on it belong to one thread. Other threads (the HTTP service's) only start and
stop it, and ask `WorkerService.trouble`, `WorkerService.readiness` and `WorkerService.backlog`.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from sayso.errors import SaysoError, ServiceUnavailable
from sayso.jobs import Backlog
from sayso.observability import redact
from sayso.workers.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sayso.jobs import JobQueue
    from sayso.workers import Worker
    from sayso.workers.ecs_protection import TaskProtection

_log = structlog.get_logger(__name__)

SILENT_SECONDS = 60.0
"""After how long without an answer of its queue a worker is in trouble."""

_LEAST_FREE_BYTES = 64 * 2**20
"""With less free space than this, no job is finished."""

_HURRY_SECONDS = 1.0

_BACKLOG_SECONDS = 15.0
"""How often the queues are asked for their backlog, for metrics."""

_ANSWER_SECONDS = 5.0
"""Autoscalers themselves wait for a few seconds."""

_JOIN_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """A queue and the worker that empties it.

    Attributes:
        name: of the queue, for people and metrics.
        queue: where the jobs come from.
        worker: works on them.
        is_counted: whether its jobs count for autoscalers.
    """

    name: str
    queue: JobQueue
    worker: Worker
    is_counted: bool = True


class WorkerService:
    """See the module.

    Args:
        open_consumers: opens queues and workers on the loop that it is called on.
        name: of its thread, as logs have it.
        grace_seconds: how long jobs in hand may take to finish when the service stops.
        work_directory: where scratch directories are made; its disk must not be full.
        outer_trouble: why something that the workers need does not run, such as their database; None while it does.
        protection: keeps what runs this process from stopping it while it is busy; None where nothing would.
        least_free_bytes: with less free space than this, the service is in trouble.
        answer_seconds: how long a request for the backlog waits for the queues.
        hurry_seconds: how long jobs may take to be released when the process is to stop at once.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        open_consumers: Callable[[], AbstractAsyncContextManager[Sequence[Consumer]]],
        *,
        name: str = "workers",
        grace_seconds: float,
        work_directory: Path,
        outer_trouble: Callable[[], str | None] = lambda: None,
        protection: TaskProtection | None = None,
        least_free_bytes: int = _LEAST_FREE_BYTES,
        answer_seconds: float = _ANSWER_SECONDS,
        hurry_seconds: float = _HURRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_consumers = open_consumers
        self._grace_seconds = grace_seconds
        self._work_directory = work_directory
        self._outer_trouble = outer_trouble
        self._protection = protection
        self._least_free_bytes = least_free_bytes
        self._answer_seconds = answer_seconds
        self._hurry_seconds = hurry_seconds
        self._clock = clock
        self._consumers: Sequence[Consumer] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = LoopThread(name, self._main)
        self._is_stopping = False
        self._hurry = asyncio.Event()
        self._hurried_at: float | None = None
        self._began = clock()
        self._backlogs: Mapping[str, Backlog] = {}
        self._counted_at = clock()

    def start(self) -> None:
        """Begin to work."""
        self._began = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """Take no more jobs; returns at once."""
        self._is_stopping = True
        self._thread.stop()

    def hurry(self) -> None:
        """Release the jobs in hand now instead of letting them finish; returns at once, and may be called again."""
        self.stop()
        self._hurried_at = self._hurried_at or time.monotonic()
        self._thread.call(self._hurry.set)

    def join(self, timeout_seconds: float) -> bool:
        """Wait until the jobs in hand are finished or released, and return whether they are.

        After `hurry` it waits for ``hurry_seconds`` at most; jobs that are not released by then stay leased until their
        leases end.
        """
        give_up_at = time.monotonic() + timeout_seconds
        while not self._thread.join(_JOIN_POLL_SECONDS):
            if self._hurried_at is not None:
                give_up_at = min(give_up_at, self._hurried_at + self._hurry_seconds)
            if time.monotonic() >= give_up_at:
                return False
        return True

    def trouble(self) -> str | None:
        """Why this process does not do its work, in a sentence; None while it does. From any thread."""
        return self._failure() or self._outer_trouble() or self._silence() or self._disk_trouble()

    def readiness(self) -> tuple[bool, str | None]:
        """Whether the worker has begun and goes on, and why not where that is a fault. From any thread."""
        failure = self._failure()
        return failure is None and self._loop is not None and self.has_begun, failure

    @property
    def has_begun(self) -> bool:
        """Whether every queue has answered, or the service was stopped before. From any thread."""
        has_answers = bool(self._consumers) and all(consumer.worker.has_answered for consumer in self._consumers)
        return has_answers or self._is_stopping

    def is_idle(self) -> bool:
        """Whether every queue is empty: no jobs wait, and none are in hand here or elsewhere. From any thread.

        Besides an empty poll, the queues' backlogs say so: SQS may give out nothing although messages wait, and the
        jobs of a worker that has died wait for the end of their leases.
        """
        backlogs = self.last_backlogs
        return bool(backlogs) and self._are_idle() and not any(b.waiting or b.in_flight for b in backlogs.values())

    def _are_idle(self) -> bool:
        return bool(self._consumers) and all(consumer.worker.is_idle for consumer in self._consumers)

    def _failure(self) -> str | None:
        """Why the worker is dead."""
        if self._thread.is_alive or self._is_stopping:
            return None
        error = self._thread.failure
        reason = error.message if isinstance(error, SaysoError) else f"{type(error).__name__}: {error}"
        return f"The worker is dead: {redact(reason)}"

    def _silence(self) -> str | None:
        """Which queue has not answered for too long, and why."""
        silent_seconds = self._clock() - self._began
        if self._loop is None and not self._is_stopping and silent_seconds > SILENT_SECONDS:
            return f"The worker has been starting for {silent_seconds:.0f} seconds."
        for consumer in self._consumers:
            trouble = consumer.worker.trouble
            if not consumer.worker.has_answered:  # at the start there is nothing that a moment's patience would spare
                trouble = trouble or consumer.worker.last_failure
            if trouble is not None:
                return f"No jobs are taken from the queue {consumer.name}: {redact(trouble)}"
            silent_seconds = self._clock() - consumer.worker.last_contact
            if silent_seconds > SILENT_SECONDS:
                silence = f"No contact with the queue {consumer.name} for {silent_seconds:.0f} seconds"
                reason = consumer.worker.last_failure
                return f"{silence}." if reason is None else f"{silence}: {redact(reason)}"
        return None

    def _disk_trouble(self) -> str | None:
        directory = self._work_directory
        while not directory.exists():
            directory = directory.parent
        free_bytes = shutil.disk_usage(directory).free
        if free_bytes < self._least_free_bytes:
            return f"The disk is full: {free_bytes // 2**20} MiB are left in the work directory."
        return None

    @property
    def last_backlogs(self) -> Mapping[str, Backlog]:
        """The last answer of each queue, by its name; nothing when it is out of date."""
        is_fresh = self._thread.is_alive and self._clock() - self._counted_at <= SILENT_SECONDS
        return self._backlogs if is_fresh else {}

    async def backlog(self) -> Backlog:
        """How much there is to do, over all queues; from any loop.

        A number is never made up: an autoscaler that reads 0 from a process that does not know stops the workers.

        Raises:
            ServiceUnavailable: a queue does not say, or there is no worker that could ask it.
        """
        loop = self._loop
        if loop is None or not self._thread.is_alive:
            begins = "The worker has stopped." if self._is_stopping else "The worker has not begun yet."
            raise ServiceUnavailable(self._failure() or begins)
        asked = asyncio.run_coroutine_threadsafe(self._ask(), loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(asked), self._answer_seconds)
        except TimeoutError:
            reason = f"The queue did not say within {self._answer_seconds:g} seconds how much there is to do."
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            reason = "The worker ended while it was asked."
        raise ServiceUnavailable(self._silence() or reason)

    async def _main(self, stop: asyncio.Event) -> None:
        async with self._open_consumers() as consumers:
            self._consumers = consumers
            self._loop = asyncio.get_running_loop()
            watching = asyncio.create_task(self._watch())
            workers = [
                asyncio.create_task(consumer.worker.run(stop, grace_seconds=self._grace_seconds, hurry=self._hurry))
                for consumer in consumers
            ]
            try:
                await asyncio.gather(*workers)
            finally:
                stop.set()  # where one broke, the others drain
                await asyncio.wait(workers)
                watching.cancel()
                await asyncio.wait({watching})
        self._loop = None

    async def _ask(self) -> Backlog:
        backlogs = {
            consumer.name: await consumer.queue.backlog() for consumer in self._consumers if consumer.is_counted
        }
        self._backlogs, self._counted_at = backlogs, self._clock()
        return total_backlog(backlogs.values())

    async def _watch(self) -> None:
        """Keep the backlog for metrics up to date, and protect the process while it is busy."""
        asked_at = -_BACKLOG_SECONDS
        were_idle = False
        try:
            while True:
                are_idle = self._are_idle()
                if self._clock() - asked_at >= _BACKLOG_SECONDS or (are_idle and not were_idle):
                    asked_at = self._clock()
                    with suppress(SaysoError):
                        await self._ask()
                were_idle = are_idle
                if self._protection is not None:
                    await self._protection.set(busy=any(consumer.worker.job_count for consumer in self._consumers))
                await asyncio.sleep(1)
        finally:
            if self._protection is not None:
                await self._protection.set(busy=False)


def total_backlog(backlogs: Iterable[Backlog]) -> Backlog:
    """All of them together, as old as the oldest."""
    waiting = in_flight = 0
    ages = []
    for backlog in backlogs:
        waiting += backlog.waiting
        in_flight += backlog.in_flight
        if backlog.oldest_age_seconds is not None:
            ages.append(backlog.oldest_age_seconds)
    return Backlog(waiting=waiting, in_flight=in_flight, oldest_age_seconds=max(ages, default=None))
