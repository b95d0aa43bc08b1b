"""Waiting for the services that work depends on, while the work is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from sayso.resilience.retry import is_unavailable, retry
from sayso.resilience.retry_policies import SERVICE_OF_A_JOB, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)

T = TypeVar("T")


async def retry_until_available(call: Callable[[], Awaitable[T]], *, policy: RetryPolicy = SERVICE_OF_A_JOB) -> T:
    """Call a service, again after growing pauses while it is unavailable, and return its answer.

    Args:
        call: the call; it may be made more than once.
        policy: for how long.

    Raises:
        ResourceMissing: what the call needs does not exist; this is not waited for.
        ServiceUnavailable: the service was unavailable for as long as the policy waits.
    """
    return await retry(call, policy, on=is_unavailable, on_retry=_log_wait)


def _log_wait(error: BaseException) -> None:
    _log.warning("waiting for a service", reason=str(error))
