"""One attempt at a job: the handler does it, and its outcome is settled with the queue."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from sayso.errors import AttemptsUsedUp, Busy, DeadlineExceeded, LeaseLost, SaysoError, ServiceUnavailable
from sayso.jobs.lease_times import HEARTBEAT_SECONDS, LEASE_SECONDS
from sayso.resilience.retry import retry
from sayso.resilience.retry_policies import JOB, RECEIVE, SETTLE, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.jobs.base import Delivery, JobQueue

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_LONGEST_PAUSE_SECONDS = 3600.0
"""A job is tried again after so long at the latest, whatever a service asks for."""

_OUTAGE_FAILURES = 5
"""A job whose service is down waits as long as after so many failures, at least."""


class Outcome(StrEnum):
    """How an attempt ended; the values are the labels of metrics."""

    DONE = "done"
    RETRIED = "retried"
    DEAD_LETTERED = "put_aside"
    LOST = "lost"
    RELEASED = "handed_back"


@dataclass(kw_only=True, slots=True)
class Job:
    """A job that a handler works on.

    Attributes:
        delivery: as the queue delivered it.
        queue: its queue.
        max_attempts: how often it may be tried.
        attempt: which attempt this is, by the larger count: the queue's, or that of a store that counts too.
        error_code: the kind of error for which it is given up; None before.
    """

    delivery: Delivery
    queue: JobQueue
    max_attempts: int = 5
    attempt: int = field(init=False)
    error_code: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.attempt = self.delivery.attempt

    def count(self, attempt: int | None) -> None:
        """Note which attempt this is by a store's count, if it counts.

        Raises:
            AttemptsUsedUp: there were as many before as there may be.
        """
        if attempt is not None:
            self.attempt = max(self.attempt, attempt)
        if self.attempt > self.max_attempts:
            raise AttemptsUsedUp(
                f"It was begun {self.attempt - 1} times and came to no end: its worker died, or had to stop."
            )

    async def confirm(self) -> None:
        """Make sure that the job still belongs to this worker.

        Raises:
            LeaseLost: it does not.
        """
        if await self.queue.heartbeat([self.delivery]):
            raise LeaseLost(f"Job {self.delivery.job_id} was taken over or cancelled.")


class Handler(Protocol):
    """Works on the jobs of a queue. It may be cancelled at any moment, and publishes nothing afterwards."""

    async def work(self, job: Job) -> None:
        """Do the job.

        Raises:
            Busy: it can be tried after ``retry_after_seconds``, or twice as long after each release; this does
                not count as an attempt.
            LeaseLost: it belongs to another worker now.
            SaysoError: it failed; its ``retryable`` says whether trying again may help.
        """
        ...

    async def give_up(self, job: Job, error: str) -> bool:
        """Record that the job failed for good where its result is waited for, before it is dead-lettered.

        Returns:
            Whether the job had been done already, by another worker or another message.

        Raises:
            Busy: this can be recorded later.
            LeaseLost: the job belongs to another worker now.
            ServiceUnavailable: this cannot be recorded now.
            SaysoError: this can never be recorded; the job is dead-lettered all the same.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How a worker treats its jobs.

    Attributes:
        at_once: how many it works on at once.
        max_attempts: after how many failed attempts a job is dead-lettered.
        job_seconds: how long one attempt may take.
        lease_seconds: as the queue gives them.
        heartbeat_seconds: how often it extends them.
        retry: when a job that failed is tried again.
        receive_retry: when a queue that failed is asked again.
    """

    at_once: int = 1
    max_attempts: int = 5
    job_seconds: float = 6 * 3600.0
    lease_seconds: float = LEASE_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    retry: RetryPolicy = JOB
    receive_retry: RetryPolicy = RECEIVE


class Attempts:
    """Has jobs done by their handler, and settles each with the queue; belongs to the loop of both.

    Args:
        queue: where the jobs come from.
        handler: works on them.
        policy: how often, and for how long.
        clock: monotonic seconds.
    """

    def __init__(self, queue: JobQueue, handler: Handler, policy: Policy, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._handler = handler
        self._policy = policy
        self._clock = clock

    async def make(self, job: Job, on_worked: Callable[[], None]) -> Outcome:
        """Do a job, and settle it with the queue.

        Args:
            job: the job.
            on_worked: called when the handler has ended: a job that is being settled gets no heartbeat any more.

        Raises:
            LeaseLost: the job belongs to another worker now; nothing was settled.
            ServiceUnavailable: the queue did not answer; the job will be delivered again.
        """
        try:
            try:
                job.count(None)  # failed attempts were settled: what exceeds the count are attempts whose worker died
                await self._work(job)
            finally:
                on_worked()
        except AttemptsUsedUp as error:
            job.error_code = error.code
            return await self._dead_letter(job, error.message, unless_done=True)
        except LeaseLost:
            raise
        except Busy as busy:
            return await self._release_busy(job, busy)
        except ServiceUnavailable as error:
            return await self._postpone(job, error)
        except SaysoError as error:
            _log.warning("the attempt failed", kind=type(error).__name__, error=error.message, hint=error.hint)
            pause_seconds = error.retry_after_seconds or 0.0
            reason, job.error_code = error.for_callers(), error.code
            return await self._failed(job, reason, retryable=error.retryable, pause_seconds=pause_seconds)
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is its job's failure, not the worker's
            _log.exception("the handler broke")
            job.error_code = "unexpected"
            reason = f"Sayso failed unexpectedly ({type(error).__name__}); the worker's log says why."
            return await self._failed(job, reason, retryable=True)
        await self._settle(lambda: self._queue.finish(job.delivery))
        return Outcome.DONE

    async def release(self, job: Job, *, delay_seconds: float = 0) -> None:
        """Release a job that was not tried; it is not counted where the queue can tell.

        Raises:
            LeaseLost, ServiceUnavailable: as `make`.
        """
        await self._settle(lambda: self._queue.retry(job.delivery, delay_seconds=delay_seconds))

    async def _release_busy(self, job: Job, busy: Busy) -> Outcome:
        # Later and later: a queue may count every delivery and dead-letter the job after some.
        doublings = min(job.delivery.releases, 10)
        delay_seconds = min(busy.retry_after_seconds * 2**doublings, _LONGEST_PAUSE_SECONDS)
        _log.info("the job is released until later", reason=busy.message, delay_seconds=delay_seconds)
        await self.release(job, delay_seconds=delay_seconds)
        return Outcome.RELEASED

    async def _work(self, job: Job) -> None:
        limit = asyncio.timeout(self._policy.job_seconds)
        try:
            async with limit:
                await self._handler.work(job)
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineExceeded(f"The job took longer than {self._policy.job_seconds:g} seconds.") from error
            raise

    async def _failed(self, job: Job, reason: str, *, retryable: bool, pause_seconds: float = 0.0) -> Outcome:
        if not retryable or job.attempt >= job.max_attempts:
            return await self._dead_letter(job, reason)
        delay_seconds = max(self._policy.retry.pause_seconds(job.attempt), min(pause_seconds, _LONGEST_PAUSE_SECONDS))
        _log.warning("the job failed, and is tried again", reason=reason, delay_seconds=round(delay_seconds, 1))
        await self._settle(lambda: self._queue.retry(job.delivery, delay_seconds=delay_seconds, error=reason))
        return Outcome.RETRIED

    async def _postpone(self, job: Job, error: ServiceUnavailable) -> Outcome:
        """Release a job whose service is down; it is not counted where the queue can tell."""
        delay_seconds = self._policy.retry.pause_seconds(max(job.delivery.releases + 1, _OUTAGE_FAILURES))
        _log.warning("the job must wait", reason=error.message, delay_seconds=round(delay_seconds, 1))
        await self.release(job, delay_seconds=delay_seconds)
        return Outcome.RETRIED

    async def _dead_letter(self, job: Job, reason: str, *, unless_done: bool = False) -> Outcome:
        _log.error("the job is put aside", reason=reason)
        try:
            is_done = await self._settle(lambda: self._handler.give_up(job, reason))
            if is_done and unless_done:
                await self._settle(lambda: self._queue.finish(job.delivery))
                return Outcome.DONE
        except Busy as busy:
            return await self._release_busy(job, busy)
        except (LeaseLost, ServiceUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 -- see below
            # It would be refused the next time too, and the job would be delivered again for ever.
            cause = error.message if isinstance(error, SaysoError) else f"{type(error).__name__}: {error}"
            _log.exception("those who wait for the job cannot be told that it failed", reason=cause)
            reason = f"{reason.removesuffix('.')}. Its tasks could not be updated: {cause}"
        await self._settle(lambda: self._queue.dead_letter(job.delivery, reason=reason))
        return Outcome.DEAD_LETTERED

    async def _settle(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call that settles a job, again for as long as a lease lasts while the service is unavailable."""
        policy = replace(SETTLE, total_seconds=self._policy.lease_seconds)
        return await retry(call, policy, on=ServiceUnavailable, clock=self._clock)
