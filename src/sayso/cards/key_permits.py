"""The rate limit of an API key, which all workers share through the database."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Protocol

from sayso.resilience.shared_permits import PermitStore, RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

_MARGIN = 0.06
_LEAST_MARGIN_SECONDS = 0.01
_LARGEST_MARGIN_SECONDS = 0.03
_MOST_LATE_PERMITS = 5
_SHORTEST_PAUSE_SECONDS = 0.001


class PausableStore(PermitStore, Protocol):
    """A `PermitStore` whose limits can be paused."""

    async def pause(self, name: str, seconds: float) -> None:
        """Grant no permit of a limit for so many seconds from now, unless it is paused for longer already."""
        ...


class KeyPermits:
    """Permits for requests with one API key; for one event loop, and one caller at a time.

    The interval is kept where requests leave. Permits come a little further apart than the interval, and one that
    comes too late to be used at once is not used: so a request that was slow to leave and a quick one after it are
    still as far apart.

    Args:
        store: of the permits.
        api_key: of which only a digest is stored.
        base_url: the service's address; None for OpenAI itself.
        interval_seconds: the shortest time from one request to the next; 0 for no limit.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        store: PausableStore,
        *,
        api_key: str,
        base_url: str | None,
        interval_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        digest = hashlib.sha256(f"{base_url or ''}\0{api_key}".encode()).hexdigest()
        self.name = f"speech {digest[:32]}"
        self._store = store
        self._clock = clock
        margin_seconds = min(max(_MARGIN * interval_seconds, _LEAST_MARGIN_SECONDS), _LARGEST_MARGIN_SECONDS)
        self._margin_seconds = margin_seconds
        self._limit = None
        if interval_seconds:
            self._limit = RateLimit(amount=1, interval_seconds=interval_seconds + margin_seconds)

    async def acquire(self) -> None:
        """Wait for a permit; the request must leave at once.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        if self._limit is None:
            return
        late = 0
        while True:
            asked_at = self._clock()
            seconds = await self._store.take(self.name, self._limit, 1)
            if seconds > 0:
                await asyncio.sleep(max(seconds, _SHORTEST_PAUSE_SECONDS))
            elif self._clock() - asked_at <= self._margin_seconds or late == _MOST_LATE_PERMITS:
                return
            else:
                late += 1

    async def pause(self, seconds: float) -> None:
        """Grant no permit to any worker for so many seconds.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        await self._store.pause(self.name, seconds)
