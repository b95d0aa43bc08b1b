"""Trying failed calls again, as `sayso.resilience.retry_policies` says."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tenacity import AsyncRetrying, Retrying, retry_if_exception

from sayso.errors import ResourceMissing, SaysoError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    from sayso.resilience.retry_policies import RetryPolicy

T = TypeVar("T")


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
    began = clock()
    failed: BaseException | None = None
    try:
        return await call()  # without tenacity, which takes longer than a job of the queue
    except BaseException as error:
        if not _condition(on)(error):
            raise
        failed = error

    async def attempt() -> T:
        nonlocal failed
        if failed is not None:
            first, failed = failed, None
            raise first
        return await call()

    return await AsyncRetrying(sleep=sleep, **_rules(policy, on, clock, on_retry, began))(attempt)


def attempts(
    policy: RetryPolicy,
    *,
    on: _Condition = RetryableError,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_retry: Callable[[BaseException], None] = lambda _: None,
) -> AsyncRetrying:
    """The attempts of `retry`, for callers who count them: ``async for attempt in …: with attempt: …``."""
    return AsyncRetrying(sleep=sleep, **_rules(policy, on, clock, on_retry, clock()))


def retry_blocking(
    call: Callable[[], T],
    policy: RetryPolicy,
    *,
    on: _Condition,
    sleep: Callable[[float], None] = time.sleep,
    on_retry: Callable[[BaseException], None] = lambda _: None,
) -> T:
    """The same as `retry`, for blocking calls; its pauses block, too."""
    began = time.monotonic()
    failed: BaseException | None = None
    try:
        return call()
    except BaseException as error:
        if not _condition(on)(error):
            raise
        failed = error

    def attempt() -> T:
        nonlocal failed
        if failed is not None:
            first, failed = failed, None
            raise first
        return call()

    return Retrying(sleep=sleep, **_rules(policy, on, time.monotonic, on_retry, began))(attempt)


def is_unavailable(error: BaseException) -> bool:
    """Whether a service may answer later; False if the resource that is asked for does not exist."""
    return isinstance(error, ServiceUnavailable) and not isinstance(error, ResourceMissing)


def _rules(
    policy: RetryPolicy,
    on: _Condition,
    clock: Callable[[], float],
    on_retry: Callable[[BaseException], None],
    began: float,
) -> dict[str, Any]:
    """A policy in tenacity's terms, the same for calls that block and calls that do not."""
    return {
        "retry": retry_if_exception(_condition(on)),
        "stop": _stop(policy, clock, began),
        "wait": _pause(policy),
        "before_sleep": lambda state: on_retry(_error_of(state)),
        "reraise": True,
    }


def _condition(on: _Condition) -> Callable[[BaseException], bool]:
    if isinstance(on, type | tuple):
        return lambda error: isinstance(error, on)
    return on


def _stop(policy: RetryPolicy, clock: Callable[[], float], began: float) -> Callable[[RetryCallState], bool]:
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
