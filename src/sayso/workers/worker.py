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
  what they need is there: at the start, again after a job that had to wait, and every minute, so that an idle worker
  says so, too, when its storage is away.
- When it is to stop, it receives no more, lets the jobs in hand finish for a while, and releases the others.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from sayso.cancellation import cancel_until_done
from sayso.errors import LeaseLost, SaysoError, ServiceUnavailable
from sayso.workers.attempts import Attempts, Job, Outcome
from sayso.workers.outages import Outages
from sayso.workers.runs import Run, Runs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.jobs.base import Delivery, JobQueue
    from sayso.workers.attempts import Handler, Policy

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 20.0

_PREPARE_SECONDS = 60.0
"""How often it is made sure that what jobs need is there, also while there are none."""

_RECEIVE_ENDS_SECONDS = 60.0
"""How long a queue may take to release what arrives after a receive is cancelled. Cancelled again, it leaves at once,
and such a job would come again only after a lease."""


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
        self._prepared_at = clock()
        self._outages = Outages(clock)
        self._attempts = Attempts(queue, handler, policy, clock)
        self._policy = policy
        self._on_end = on_end
        self._clock = clock
        self._runs = Runs()
        self._is_stopping = False
        self._found_nothing = False
        self.has_answered = False
        """Whether the queue has ever answered, or need not."""
        self.last_contact = clock()
        """When the queue last answered."""
        self.last_failure: str | None = None
        """Why it did not answer when it was asked since then; None if it was not asked, or answered."""

    @property
    def job_count(self) -> int:
        """How many jobs it has, including those that wait behind their group."""
        return len(self._runs)

    @property
    def is_idle(self) -> bool:
        """Whether it has no jobs, and the queue had none when it was last asked. From any thread."""
        return self._found_nothing and not self._runs

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
            self._is_stopping = True
            stopping.cancel()
            # At the same time: a poll of SQS takes seconds to end.
            await asyncio.gather(
                _cancelled(receiving, again_seconds=_RECEIVE_ENDS_SECONDS),
                self._drain(grace_seconds, hurry or asyncio.Event()),
            )
            await _cancelled(heartbeat)

    def stand_by(self) -> None:
        """Note that the queue is not asked on purpose, because another replica does the work: that is no fault."""
        self._answered()

    def _answered(self) -> None:
        """Note that the queue answers."""
        self.has_answered = True
        self.last_contact = self._clock()
        self.last_failure = None

    # Receiving

    async def _receive_forever(self) -> None:
        failures = 0
        while not self._is_stopping:  # a queue may lose the cancellation that ends this
            free = self._policy.at_once - len(self._runs)
            if free <= 0:
                await self._runs.wait_for_removal()
                continue
            try:
                await self._make_prepared()
                # At once after an outage, and at the start: that the queue works is known without a long poll.
                is_known = self.has_answered and not self._outages.is_on
                deliveries = await self._queue.receive(free, wait_seconds=_POLL_SECONDS if is_known else 0)
            except Exception as error:  # noqa: BLE001 -- whatever a queue answers, it is asked again
                failures += 1
                self._found_nothing = False
                self.last_failure = self._outages.begin(error)
                await asyncio.sleep(self._policy.receive_retry.pause_seconds(failures))
                continue
            failures = 0
            self._outages.end()
            self._answered()
            self._found_nothing = not deliveries
            for delivery in deliveries:
                await self._accept(delivery)

    async def _make_prepared(self) -> None:
        """Make sure that what jobs need is there, unless that was done a moment ago."""
        if self._prepare is None or (self._is_prepared and self._clock() - self._prepared_at < _PREPARE_SECONDS):
            return
        self._is_prepared = False
        await self._prepare()
        self._is_prepared = True
        self._prepared_at = self._clock()
        self._outages.end()

    async def _accept(self, delivery: Delivery) -> None:
        """Begin a job, or have it wait behind its group; release it if the worker stops."""
        job = Job(delivery=delivery, queue=self._queue, max_attempts=self._policy.max_attempts)
        run = Run(job=job, held_until=self._clock() + self._policy.lease_seconds)
        if self._is_stopping:
            await self._release(run)
        elif self._runs.add(run):
            self._begin(run)

    def _begin(self, run: Run) -> None:
        run.task = asyncio.create_task(self._attempt(run))

    # One attempt

    async def _attempt(self, run: Run) -> None:
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

    async def _made(self, run: Run) -> Outcome:
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

    def _end(self, run: Run, outcome: Outcome) -> None:
        """Make room, and go on with the group: in order, or not at all."""
        self._runs.remove(run)
        is_settled = outcome in {Outcome.DONE, Outcome.DEAD_LETTERED}
        following = self._runs.next_in_group(run) if is_settled else None
        if following is not None:
            self._begin(following)
            return
        for other in self._runs.end_group(run):
            other.task = asyncio.create_task(self._release(other))

    async def _release(self, run: Run) -> None:
        """Release a job that was not begun."""
        try:
            await self._attempts.release(run.job)
        except SaysoError as error:
            _log.info("a job was not handed back, which its lease will do", reason=error.message)
        finally:
            self._runs.remove(run)

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

    def _cancel_lost(self, run: Run) -> None:
        if run not in self._runs or run.is_worked:
            return  # it ended during the heartbeat
        run.ending = Outcome.LOST
        if run.task is not None:
            run.task.cancel()
        else:  # it waited behind its group
            self._runs.remove_waiting(run)

    # Stopping

    async def _drain(self, grace_seconds: float, hurry: asyncio.Event) -> None:
        for run in self._runs.take_waiting():
            run.task = asyncio.create_task(self._release(run))
        if not self._runs:
            return
        _log.info("finishing what is in hand", jobs=len(self._runs), seconds=grace_seconds)
        unfinished = await self._runs.unfinished(seconds=grace_seconds, hurry=hurry)
        for run in [run for run in self._runs if run.task in unfinished]:
            if run.ending is None:
                run.ending = Outcome.RELEASED
                if run.task is not None:
                    run.task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)


async def _cancelled(task: asyncio.Task[None], *, again_seconds: float = 1.0) -> None:
    """Cancel a task and wait for its end; raises the defect that ended it, if there was one."""
    await cancel_until_done(task, again_seconds=again_seconds)
    with suppress(asyncio.CancelledError, SaysoError):
        task.result()
