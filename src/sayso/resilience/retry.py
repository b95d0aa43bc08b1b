"""When a request that failed is sent again: after a pause that grows, or after what the answer asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    from sayso.errors import EngineUnavailable

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8.0  # these two are the OpenAI SDK's own

_LONGEST_RETRY_AFTER_SECONDS = 10.0
"""Whoever is told to come back later than this asks somebody else, or passes it on to the client who waits."""

_BACKOFF = wait_random_exponential(multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS)


class RetryableError(Exception):
    """An attempt failed in a way that may pass; ``error`` is what is raised when nobody asks again."""

    def __init__(self, error: EngineUnavailable) -> None:
        super().__init__(error.message)
        self.error = error


def retrying(
    *, retries: int, until: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
) -> AsyncRetrying:
    """Attempts until one succeeds, raises anything but `RetryableError`, or there is no time for another.

    Args:
        retries: how many attempts follow the first.
        until: when the last one must have begun, by the clock.
        clock: monotonic seconds.
        sleep: waits.
    """

    def enough(state: RetryCallState) -> bool:
        pause_seconds = state.upcoming_sleep
        too_late = pause_seconds > _LONGEST_RETRY_AFTER_SECONDS or clock() + pause_seconds >= until
        return too_late or state.attempt_number > retries

    return AsyncRetrying(
        retry=retry_if_exception_type(RetryableError), stop=enough, wait=_pause_seconds, sleep=sleep, reraise=True
    )


def _pause_seconds(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.error.retry_after_seconds if isinstance(failure, RetryableError) else None
    return _BACKOFF(state) if asked is None else asked
