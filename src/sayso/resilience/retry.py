"""Retries: every policy of Sayso in one place, and the functions that apply one.

After each failure the pause doubles, minus a random part of up to half of it, so that callers that failed together do
not retry together ("equal jitter": AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). If an error says
when to retry (``retry_after_seconds``), that time is used.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from tenacity import AsyncRetrying, Retrying, retry_if_exception

from sayso.errors import ResourceMissing, SaysoError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """When a failed call is retried.

    Attributes:
        first_seconds: the longest pause after the first failure.
        longest_seconds: the upper bound of all pauses.
        attempts: the largest number of attempts.
        total_seconds: no attempt begins later than this after the first; None for no such limit.
        longest_asked_seconds: if the service asks for a longer pause than this, there is no retry; None for any pause.
    """

    first_seconds: float
    longest_seconds: float
    attempts: int = sys.maxsize
    total_seconds: float | None = None
    longest_asked_seconds: float | None = None

    def pause_seconds(self, failures: int, *, chance: Callable[[], float] = random.random) -> float:
        """The pause before the next attempt.

        Args:
            failures: the number of failures so far, at least 1.
            chance: returns a new random number from 0 to 1 at each call.
        """
        doublings = min(failures - 1, 32)  # more than any bound needs, without an overflow
        return float(min(self.first_seconds * 2**doublings, self.longest_seconds) * (1 - chance() / 2))


JOB = RetryPolicy(first_seconds=2, longest_seconds=900)
"""The next attempt at a job; SAYSO_MAX_ATTEMPTS bounds how many there are."""

SETTLE = RetryPolicy(first_seconds=0.5, longest_seconds=5)
"""Reporting the end of a job to its queue, for as long as the lease lasts."""

RECEIVE = RetryPolicy(first_seconds=1, longest_seconds=10)
"""Receiving jobs from a queue that fails; no limit."""

SERVICE_OF_A_JOB = RetryPolicy(first_seconds=1, longest_seconds=30, total_seconds=600)
"""A task store or a storage that a running job needs: finished work was expensive, and a queue that counts every
delivery would soon dead-letter the job."""

REDRIVE = RetryPolicy(first_seconds=30, longest_seconds=900)
"""Sending to the dead-letter queue, until the queue's own redrive policy takes over."""

SQS_BATCH = RetryPolicy(first_seconds=0.1, longest_seconds=1, attempts=3)
"""The entries of a batch that failed one by one."""

AWS_CALL = RetryPolicy(first_seconds=0.1, longest_seconds=2, attempts=5, total_seconds=6)
"""A call of AWS; including the last attempt, much shorter than a lease."""

OPENAI_REQUEST = RetryPolicy(first_seconds=0.5, longest_seconds=8, longest_asked_seconds=10)
"""A request to OpenAI, with the pauses of its own SDK. After a longer Retry-After the next engine is tried, or the
client retries. SAYSO_OPENAI_RETRIES bounds the attempts."""

STATEMENT = RetryPolicy(first_seconds=0.1, longest_seconds=1, attempts=4, total_seconds=5)
"""A statement of PostgreSQL that may run twice."""

LISTEN = RetryPolicy(first_seconds=0.5, longest_seconds=5)
"""The connection that listens for notifications; no limit."""

DATABASE_START = RetryPolicy(first_seconds=1, longest_seconds=1, total_seconds=60)
"""A database that is not up yet when Sayso starts."""

EMBEDDED_START = RetryPolicy(first_seconds=0.05, longest_seconds=0.05, total_seconds=60)
"""The first connection to the embedded database."""

EMBEDDED_RESTART = RetryPolicy(first_seconds=0.5, longest_seconds=30)
"""Restarting the embedded database after a crash; no limit."""


class RetryableError(Exception):
    """A call failed in a way that may be temporary.

    Attributes:
        error: is raised when there is no further attempt.
    """

    def __init__(self, error: SaysoError) -> None:
        super().__init__(error.message)
        self.error = error


_Condition: TypeAlias = "type[Exception] | tuple[type[Exception], ...] | Callable[[BaseException], bool]"


async def retry(
    call: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    on: _Condition = RetryableError,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_retry: Callable[[BaseException], None] = lambda _: None,
) -> T:
    """Call a function until it succeeds, and return its result.

    Args:
        call: begins an attempt.
        policy: when to retry.
        on: the errors after which to retry, or a function that decides.
        clock: monotonic seconds.
        sleep: waits.
        on_retry: called with each error before the pause.

    Raises:
        Exception: the error of the last attempt.
    """
    async for attempt in attempts(policy, on=on, clock=clock, sleep=sleep, on_retry=on_retry):
        with attempt:
            return await call()
    raise AssertionError("the last attempt returns or raises")


def attempts(
    policy: RetryPolicy,
    *,
    on: _Condition = RetryableError,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_retry: Callable[[BaseException], None] = lambda _: None,
) -> AsyncRetrying:
    """The attempts of `retry`, for callers who count them: ``async for attempt in …: with attempt: …``."""
    return AsyncRetrying(
        retry=retry_if_exception(_condition(on)),
        stop=_stop(policy, clock),
        wait=_pause(policy),
        sleep=sleep,
        before_sleep=lambda state: on_retry(_error_of(state)),
        reraise=True,
    )


def retry_blocking(
    call: Callable[[], T],
    policy: RetryPolicy,
    *,
    on: _Condition,
    on_retry: Callable[[BaseException], None] = lambda _: None,
) -> T:
    """The same as `retry`, for blocking calls; its pauses block, too."""
    retrying = Retrying(
        retry=retry_if_exception(_condition(on)),
        stop=_stop(policy, time.monotonic),
        wait=_pause(policy),
        before_sleep=lambda state: on_retry(_error_of(state)),
        reraise=True,
    )
    return retrying(call)


def is_unavailable(error: BaseException) -> bool:
    """Whether a service may answer later; False if the resource that is asked for does not exist."""
    return isinstance(error, ServiceUnavailable) and not isinstance(error, ResourceMissing)


def _condition(on: _Condition) -> Callable[[BaseException], bool]:
    if isinstance(on, type | tuple):
        return lambda error: isinstance(error, on)
    return on


def _stop(policy: RetryPolicy, clock: Callable[[], float]) -> Callable[[RetryCallState], bool]:
    began = clock()

    def is_over(state: RetryCallState) -> bool:
        pause_seconds = state.upcoming_sleep
        if state.attempt_number >= policy.attempts:
            return True
        if policy.longest_asked_seconds is not None and pause_seconds > policy.longest_asked_seconds:
            return True
        return policy.total_seconds is not None and clock() - began + pause_seconds >= policy.total_seconds

    return is_over


def _pause(policy: RetryPolicy) -> Callable[[RetryCallState], float]:
    def pause_seconds(state: RetryCallState) -> float:
        error = _error_of(state)
        failure = error.error if isinstance(error, RetryableError) else error
        asked = getattr(failure, "retry_after_seconds", None)
        return policy.pause_seconds(state.attempt_number) if asked is None else float(asked)

    return pause_seconds


def _error_of(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        raise AssertionError("a call that succeeds is not tried again")
    return error
