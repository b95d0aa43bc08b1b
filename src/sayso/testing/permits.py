"""The state of rate limits in memory, with an adjustable clock: the reference for all stores."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.resilience.shared_permits import RateLimit

_CLOCK_ERROR_MICROSECONDS = 1_000_000


class InMemoryPermits:
    """See `sayso.resilience.shared_permits.PermitStore`; for one event loop.

    Args:
        clock: seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free_at: dict[str, int] = {}
        """Of each limit, when all permits that were taken will have been earned back; in microseconds of the clock."""
        self._clock = clock

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        """See `PermitStore.take`."""
        now = round(self._clock() * 1e6)
        cost_microseconds, burst_microseconds = (permits * limit.permit_microseconds for permits in (cost, limit.burst))
        free_at = max(self._free_at.get(name, now), now)
        if free_at > now + 2 * burst_microseconds + _CLOCK_ERROR_MICROSECONDS:
            free_at = now + burst_microseconds - cost_microseconds
        wait_microseconds = free_at + cost_microseconds - burst_microseconds - now
        if wait_microseconds > 0:
            return wait_microseconds / 1e6
        self._free_at[name] = free_at + cost_microseconds
        return 0.0
