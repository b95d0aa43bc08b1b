"""The stories service of a process: its workers on a loop of their own, and what others may ask about them.

The loop and everything that was opened on it belong to one thread. Other threads (the HTTP service's) only start and
stop it, and ask `StoriesService.trouble` and `StoriesService.backlog`.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from sayso.errors import SaysoError
from sayso.jobs import Backlog
from sayso.jobs.thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sayso.jobs import JobQueue, Worker
    from sayso.stories.protection import TaskProtection

_log = structlog.get_logger(__name__)

SILENT_SECONDS = 60.0
"""After how long without an answer of its queue a worker is not well."""

LEAST_FREE_BYTES = 64 * 2**20
"""With less room than this, no story is finished."""

_LOOK_SECONDS = 15.0
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """A queue and the worker that empties it.

    Attributes:
        name: of the queue, for people and metrics.
        queue: where the jobs come from.
        worker: who does them.
        is_counted: whether its jobs count for autoscalers.
    """

    name: str
    queue: JobQueue
    worker: Worker
    is_counted: bool = True


class StoriesService:
    """See the module.

    Args:
        open_consumers: opens queues and workers on the loop that it is called on.
        grace_seconds: how long stories in hand may take to finish when the service is told to stop.
        work_directory: where stories are made, which must not be full.
        outer_trouble: why something that the workers need does not run, such as their database; None while it does.
        protection: keeps what runs this process from stopping it while it is busy; None where nothing would.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        open_consumers: Callable[[], AbstractAsyncContextManager[Sequence[Consumer]]],
        *,
        grace_seconds: float,
        work_directory: Path,
        outer_trouble: Callable[[], str | None] = lambda: None,
        protection: TaskProtection | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_consumers = open_consumers
        self._grace_seconds = grace_seconds
        self._work_directory = work_directory
        self._outer_trouble = outer_trouble
        self._protection = protection
        self._clock = clock
        self._consumers: Sequence[Consumer] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = LoopThread("stories", self._main)
        self._is_stopping = False
        self.last_backlogs: Mapping[str, Backlog] = {}
        """What the queues said of themselves when they were last asked, by their names."""

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more stories; returns at once."""
        self._is_stopping = True
        self._thread.stop()

    def join(self, timeout_seconds: float) -> bool:
        """Wait until what was in hand is finished or handed back, and return whether it is."""
        return self._thread.join(timeout_seconds)

    def trouble(self) -> str | None:
        """Why this process does not do its work, in a sentence; None while it does. From any thread."""
        if not self._thread.is_alive and not self._is_stopping:
            failure = self._thread.failure
            reason = failure.message if isinstance(failure, SaysoError) else type(failure).__name__
            return f"The worker is dead: {reason}"
        if (outer := self._outer_trouble()) is not None:
            return outer
        for consumer in self._consumers:
            silent_seconds = self._clock() - consumer.worker.last_contact
            if silent_seconds > SILENT_SECONDS:
                return f"No contact with the queue {consumer.name} for {silent_seconds:.0f} seconds."
        return self._disk_trouble()

    def _disk_trouble(self) -> str | None:
        directory = self._work_directory
        while not directory.exists():
            directory = directory.parent
        free_bytes = shutil.disk_usage(directory).free
        if free_bytes < LEAST_FREE_BYTES:
            return f"The disk is full: {free_bytes // 2**20} MiB are left where stories are made."
        return None

    async def backlog(self) -> Backlog:
        """How much there is to do, over all queues; from any loop.

        Raises:
            ServiceUnavailable: a queue does not say.
        """
        if self._loop is None or not self._thread.is_alive:
            return _sum(self.last_backlogs.values())
        asked = asyncio.run_coroutine_threadsafe(self._ask(), self._loop)
        return await asyncio.wait_for(asyncio.wrap_future(asked), _ANSWER_SECONDS)

    async def _main(self, stop: asyncio.Event) -> None:
        async with self._open_consumers() as consumers:
            self._consumers = consumers
            self._loop = asyncio.get_running_loop()
            watching = asyncio.create_task(self._watch())
            workers = [
                asyncio.create_task(consumer.worker.run(stop, grace_seconds=self._grace_seconds))
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
        self.last_backlogs = backlogs
        return _sum(backlogs.values())

    async def _watch(self) -> None:
        """Keep what others ask for up to date, and protect the process while it is busy."""
        looked = -_LOOK_SECONDS
        try:
            while True:
                if self._clock() - looked >= _LOOK_SECONDS:
                    looked = self._clock()
                    with suppress(SaysoError):
                        await self._ask()
                if self._protection is not None:
                    await self._protection.set(busy=any(consumer.worker.in_hand for consumer in self._consumers))
                await asyncio.sleep(1)
        finally:
            if self._protection is not None:
                await self._protection.set(busy=False)


def _sum(backlogs: Iterable[Backlog]) -> Backlog:
    waiting = in_flight = 0
    ages = []
    for backlog in backlogs:
        waiting += backlog.waiting
        in_flight += backlog.in_flight
        if backlog.oldest_age_seconds is not None:
            ages.append(backlog.oldest_age_seconds)
    return Backlog(waiting=waiting, in_flight=in_flight, oldest_age_seconds=max(ages, default=None))
