"""What a worker has in hand: attempts under way, and jobs that wait behind another of their group."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sayso.workers.attempts import Job, Outcome


@dataclass(eq=False, kw_only=True, slots=True)
class Run:
    """An attempt under way, or a job that waits behind its group.

    Attributes:
        job: the job.
        held_until: when its lease ends if no further heartbeat succeeds, by the worker's clock.
        task: its attempt, or its release; None while it waits.
        ending: why its task was cancelled; None if it was not.
        is_worked: whether its handler has ended, and it is being settled.
    """

    job: Job
    held_until: float
    task: asyncio.Task[None] | None = None
    ending: Outcome | None = None
    is_worked: bool = False


class Runs:
    """The runs of one worker, on its event loop. Of a group, one is under way at a time, in the order of arrival."""

    def __init__(self) -> None:
        self._all: set[Run] = set()
        self._waiting: dict[str | None, deque[Run]] = {}  # of each group that has a run under way
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._all)

    def __contains__(self, run: Run) -> bool:
        return run in self._all

    def add(self, run: Run) -> bool:
        """Add a run, and return whether it may begin; if not, it waits behind its group."""
        self._all.add(run)
        group = run.job.delivery.group
        if group is None:
            return True
        if group in self._waiting:
            self._waiting[group].append(run)
            return False
        self._waiting[group] = deque()
        return True

    def remove(self, run: Run) -> None:
        """Remove a run that has ended."""
        self._all.discard(run)
        self._changed.set()

    def remove_waiting(self, run: Run) -> None:
        """Remove a run that waits behind its group, which goes on without it."""
        self._waiting[run.job.delivery.group].remove(run)
        self.remove(run)

    def next_in_group(self, run: Run) -> Run | None:
        """The run that may begin after this one; None if none waits for it."""
        waiting = self._waiting.get(run.job.delivery.group)
        return waiting.popleft() if waiting else None

    def end_group(self, run: Run) -> Collection[Run]:
        """End the group of a run that was the one under way, and return those that waited, to be released."""
        return self._waiting.pop(run.job.delivery.group, ())

    def take_waiting(self) -> Collection[Run]:
        """All runs that wait, the last first, to be released; none of them will begin."""
        taken = [run for waiting in self._waiting.values() for run in reversed(waiting)]
        for waiting in self._waiting.values():
            waiting.clear()
        return taken

    async def wait_for_removal(self) -> None:
        """Wait until a run is removed."""
        self._changed.clear()
        await self._changed.wait()

    async def unfinished(self, *, seconds: float, hurry: asyncio.Event) -> Collection[asyncio.Task[None]]:
        """Wait until the tasks of all runs have ended, the time is over or ``hurry`` is set; return the other tasks."""
        tasks = {run.task for run in self._all if run.task is not None}
        hurried = asyncio.create_task(hurry.wait())
        ended = asyncio.ensure_future(asyncio.wait(tasks))
        try:
            await asyncio.wait({hurried, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurried.cancel()
            ended.cancel()
        return {task for task in tasks if not task.done()}
