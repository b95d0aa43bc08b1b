"""Waiting for the services that work depends on, while the work is kept."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

import structlog

from sayso.errors import ResourceMissing, ServiceUnavailable
from sayso.resilience.backoff import backoff_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)

T = TypeVar("T")

PATIENCE_SECONDS = 600.0
"""How long a job is kept while its store or its storage does not answer: what was computed for it was expensive, and a
queue that counts every delivery would soon dead-letter it."""


async def retry_until_available(call: Callable[[], Awaitable[T]], *, patience_seconds: float = PATIENCE_SECONDS) -> T:
    """Call a service, again after growing pauses while it is unavailable, and return its answer.

    Args:
        call: the call; it may be made more than once.
        patience_seconds: after how long the last failure is raised.

    Raises:
        ResourceMissing: what the call needs does not exist; this is not waited for.
        ServiceUnavailable: the service was unavailable for `patience_seconds`.
    """
    give_up_at = time.monotonic() + patience_seconds
    failures = 0
    while True:
        try:
            return await call()
        except ResourceMissing:
            raise
        except ServiceUnavailable as error:
            failures += 1
            if time.monotonic() > give_up_at:
                raise
            _log.warning("waiting for a service", reason=error.message)
            await asyncio.sleep(backoff_seconds(failures, first_seconds=1, longest_seconds=30))
