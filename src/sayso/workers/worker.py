"""The worker: receives jobs, has them done, and settles each with its queue.

It lives on one event loop that computes nothing, on a thread of its own (`sayso.workers.loop_thread`), so that no
synthesis delays a heartbeat. Handlers do their computing on other threads.

Its rules:

- It takes no more jobs than it can begin at once, so that none waits here while another worker is idle. Only jobs of
  one group wait behind one another; after a failure those that follow are released, so that the order is kept.
- While it has jobs it extends their leases together. A job that is lost is cancelled, and not settled. When no
  heartbeat succeeds for a whole lease, all jobs are taken as lost.
- A job that succeeds is finished. One that can never succeed, or has failed too often, is given up and dead-lettered; a
  worker that died counts as a failure. The others are retried, later and later.
- No answer of a queue ends the worker: it pauses, says why, and asks again. Before it takes jobs it makes sure that
  what they need is there, at the start and again after a job that had to wait.
- When it is to stop, it receives no more, lets the jobs in hand finish for a while, and releases the others.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from sayso.errors import LeaseLost, SaysoError, ServiceUnavailable
from sayso.workers.attempts import Attempts, Job, Outcome
from sayso.workers.outages import Outages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.jobs.base import Delivery, JobQueue
    from sayso.workers.attempts import Handler, Policy

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 20.0


@dataclass(eq=False, kw_only=True, slots=True)
class _Run:
    """An attempt under way, or one that waits behind its group."""

    job: Job
    held_until: float
    task: asyncio.Task[None] | None = None
    ending: Outcome | None = None
    """Why its task was cancelled; None if it was not."""
    is_worked: bool = False
    """Whether its handler has ended, and it is being settled."""


@dataclass(eq=False, slots=True)
class _Group:
    waiting: deque[_Run] = field(default_factory=deque)


class Worker:
    """See the module.

    Args:
        queue: where jobs come from; its opener closes it.
        handler: works on them.
        policy: how they are treated.
        on_end: called with the outcome of each attempt, and how many seconds it took.
        prepare: makes sure that what jobs need is there; no jobs are taken while it raises a `SaysoError`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        queue: JobQueue,
        handler: Handler,
        policy: Policy,
        *,
        on_end: Callable[[Outcome, float], None] = lambda _outcome, _seconds: None,
        prepare: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._prepare = prepare
        self._is_prepared = prepare is None
        self._outages = Outages(clock)
        self._attempts = Attempts(queue, handler, policy, clock)
        self._policy = policy
        self._on_end = on_end
        self._clock = clock
        self._runs: set[_Run] = set()
        self._groups: dict[str, _Group] = {}
        self._changed = asyncio.Event()
        self.last_contact = clock()
        """When the queue last answered."""
        self.last_failure: str | None = None
        """Why it did not answer when it was asked since then; None if it was not asked, or answered."""

    @property
    def job_count(self) -> int:
        """How many jobs it has, including those that wait behind their group."""
        return len(self._runs)

    @property
    def trouble(self) -> str | None:
        """Why it takes no jobs, in a sentence; None while it takes them, or pauses for a moment. From any thread."""
        return self._outages.trouble

    async def run(self, stop: asyncio.Event, *, grace_seconds: float, hurry: asyncio.Event | None = None) -> None:
        """Work until ``stop`` is set and the jobs in hand are finished or released.

        Args:
            stop: set from this loop.
            grace_seconds: how long jobs in hand may take to finish then.
            hurry: set from this loop to release jobs without waiting for the grace to end.
        """
        heartbeat = asyncio.create_task(self._heartbeat_forever())
        receiving = asyncio.create_task(self._receive_forever())
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({heartbeat, receiving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # neither ends by itself: this raises what broke it
        finally:
            stopping.cancel()
            # At the same time: a poll of SQS takes seconds to end.
            await asyncio.gather(_cancelled(receiving), self._drain(grace_seconds, hurry or asyncio.Event()))
            await _cancelled(heartbeat)

    def _answered(self) -> None:
        """Note that the queue answers."""
        self.last_contact = self._clock()
        self.last_failure = None

    # Receiving

    async def _receive_forever(self) -> None:
        failures = 0
        while True:
            free = self._policy.at_once - len(self._runs)
            if free <= 0:
                self._changed.clear()
                await self._changed.wait()
                continue
            try:
                if not self._is_prepared and self._prepare is not None:
                    await self._prepare()
                    self._is_prepared = True
                    self._outages.end()
                deliveries = await self._queue.receive(free, wait_seconds=_POLL_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever a queue answers, it is asked again
                failures += 1
                self.last_failure = self._outages.begin(error)
                await asyncio.sleep(self._policy.receive_retry.pause_seconds(failures))
                continue
            failures = 0
            self._outages.end()
            self._answered()
            for delivery in deliveries:
                self._accept(delivery)

    def _accept(self, delivery: Delivery) -> None:
        """Begin a job, or have it wait behind its group."""
        job = Job(delivery=delivery, queue=self._queue, max_attempts=self._policy.max_attempts)
        run = _Run(job=job, held_until=self._clock() + self._policy.lease_seconds)
        self._runs.add(run)
        if delivery.group is None:
            self._begin(run)
        elif delivery.group in self._groups:
            self._groups[delivery.group].waiting.append(run)
        else:
            self._groups[delivery.group] = _Group()
            self._begin(run)

    def _begin(self, run: _Run) -> None:
        run.task = asyncio.create_task(self._attempt(run))

    # One attempt

    async def _attempt(self, run: _Run) -> None:
        delivery = run.job.delivery
        structlog.contextvars.bind_contextvars(job_id=delivery.job_id, attempt=delivery.attempt)
        began = self._clock()
        outcome = Outcome.LOST
        try:
            outcome = await self._made(run)
            if outcome is not Outcome.LOST:  # a job that is lost is not settled, and the queue not asked
                self._answered()
        except LeaseLost:
            _log.warning("the job is somebody else's now")
        except ServiceUnavailable as error:
            _log.warning("the queue was not told what became of the job, which will come again", reason=error.message)
        except Exception:  # noqa: BLE001 -- its lease will end, and the job be delivered again
            _log.exception("nobody was told what became of the job")
        finally:
            if outcome is Outcome.RETRIED:  # perhaps because something is not there any more
                self._is_prepared = self._prepare is None
            self._on_end(outcome, self._clock() - began)
            self._end(run, outcome)

    async def _made(self, run: _Run) -> Outcome:
        def on_worked() -> None:
            run.is_worked = True

        try:
            return await self._attempts.make(run.job, on_worked)
        except asyncio.CancelledError:
            if run.ending is None:
                raise
        if run.ending is Outcome.RELEASED:
            await self._attempts.release(run.job)
            _log.info("the job is handed back")
        return run.ending

    def _end(self, run: _Run, outcome: Outcome) -> None:
        """Make room, and go on with the group: in order, or not at all."""
        self._runs.discard(run)
        name = run.job.delivery.group
        if name is not None:
            group = self._groups[name]
            is_settled = outcome in {Outcome.DONE, Outcome.DEAD_LETTERED}
            if group.waiting and is_settled:
                self._begin(group.waiting.popleft())
            else:
                del self._groups[name]
                for other in group.waiting:
                    other.task = asyncio.create_task(self._release(other))
        self._changed.set()

    async def _release(self, run: _Run) -> None:
        """Release a job that was not begun."""
        try:
            await self._attempts.release(run.job)
        except SaysoError as error:
            _log.info("a job was not handed back, which its lease will do", reason=error.message)
        finally:
            self._runs.discard(run)
            self._changed.set()

    # Heartbeats

    async def _heartbeat_forever(self) -> None:
        hint = asyncio.create_task(self._queue.wait_for_revocation())
        pause_seconds = self._policy.heartbeat_seconds
        try:
            while True:
                await asyncio.wait({hint}, timeout=pause_seconds)
                if hint.done():
                    hint.result()
                    hint = asyncio.create_task(self._queue.wait_for_revocation())
                pause_seconds = await self._heartbeat()
        finally:
            await _cancelled(hint)

    async def _heartbeat(self) -> float:
        """Extend the leases of all jobs in hand, and return in how many seconds to do so again."""
        runs = {run.job.delivery.lease: run for run in self._runs if run.ending is None and not run.is_worked}
        if not runs:
            return self._policy.heartbeat_seconds
        now = self._clock()
        try:
            lost = await self._queue.heartbeat([run.job.delivery for run in runs.values()])
        except SaysoError as error:
            self.last_failure = error.message
            _log.warning("a beat did not get through", reason=error.message)
            for run in runs.values():
                if self._clock() > run.held_until:
                    self._cancel_lost(run)
            return min(1.0, self._policy.heartbeat_seconds)
        self._answered()
        for run in runs.values():
            run.held_until = now + self._policy.lease_seconds
        for delivery in lost:
            self._cancel_lost(runs[delivery.lease])
        return self._policy.heartbeat_seconds

    def _cancel_lost(self, run: _Run) -> None:
        if run not in self._runs or run.is_worked:
            return  # it ended during the heartbeat
        run.ending = Outcome.LOST
        if run.task is not None:
            run.task.cancel()
        else:  # it waited behind its group
            self._groups[run.job.delivery.group or ""].waiting.remove(run)
            self._runs.discard(run)
            self._changed.set()

    # Stopping

    async def _drain(self, grace_seconds: float, hurry: asyncio.Event) -> None:
        for group in self._groups.values():
            while group.waiting:
                run = group.waiting.pop()
                run.task = asyncio.create_task(self._release(run))
        tasks = {run.task for run in self._runs if run.task is not None}
        if not tasks:
            return
        _log.info("finishing what is in hand", jobs=len(tasks), seconds=grace_seconds)
        unfinished = await _unfinished(tasks, seconds=grace_seconds, hurry=hurry)
        for run in [run for run in self._runs if run.task in unfinished]:
            if run.ending is None:
                run.ending = Outcome.RELEASED
                if run.task is not None:
                    run.task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)


async def _unfinished(
    tasks: set[asyncio.Task[None]], *, seconds: float, hurry: asyncio.Event
) -> set[asyncio.Task[None]]:
    """Wait until all tasks have ended, the time is over or ``hurry`` is set, and return those that have not ended."""
    hurried = asyncio.create_task(hurry.wait())
    ended = asyncio.ensure_future(asyncio.wait(tasks))
    try:
        await asyncio.wait({hurried, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hurried.cancel()
        ended.cancel()
    return {task for task in tasks if not task.done()}


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end, whatever that is."""
    task.cancel()
    with suppress(asyncio.CancelledError, SaysoError):
        await task
