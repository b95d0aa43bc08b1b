"""Rate limits that processes share: at most so many calls in any interval, by all callers together.

A limit is enforced by the generic cell rate algorithm (GCRA; ITU-T I.371, annex A), a token bucket whose whole state is
one time: when all permits that were taken will have been refilled. The refill of one permit takes
`RateLimit.permit_seconds`. Permits are granted while the bucket holds them, and nothing is reserved for waiting
callers, so a caller that is cancelled has taken nothing.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MAXIMUM_AMOUNT = 1_000_000
_MAXIMUM_INTERVAL_SECONDS = 31 * 86_400.0

_SHORTEST_PAUSE_SECONDS = 0.001
"""Another process may take a permit at the moment at which it is due; the store is then asked again, but not in a busy
loop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """At most ``amount`` permits in any interval, of which at most ``burst`` at once.

    After a burst, permits are refilled evenly, ``amount - burst + 1`` in an interval: so the bound holds in every
    interval, also in one that begins with a burst. A small burst compensates for callers that come late; a burst of the
    whole amount leaves one permit in each interval that follows.

    Attributes:
        amount: of permits, 1 to 1,000,000.
        interval_seconds: up to 31 days.
        burst: 1 to ``amount``.

    Raises:
        InvalidInput: one of them is out of its range.
    """

    amount: int
    interval_seconds: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= _MAXIMUM_AMOUNT:
            raise InvalidInput(f"The amount of a rate limit must be 1 to {_MAXIMUM_AMOUNT:,}, not {self.amount}.")
        if not 0 < self.interval_seconds <= _MAXIMUM_INTERVAL_SECONDS:
            raise InvalidInput(f"The interval of a rate limit must be up to 31 days, not {self.interval_seconds:g} s.")
        if not 1 <= self.burst <= self.amount:
            raise InvalidInput(f"The burst of a rate limit must be 1 to its amount, not {self.burst}.")

    @property
    def permit_microseconds(self) -> int:
        """The refill time of a permit; rounded up, so that the bound holds."""
        return math.ceil(self.interval_seconds * 1e6 / (self.amount - self.burst + 1))

    def check(self, cost: int) -> None:
        """Refuse a cost that the bucket can never hold.

        Raises:
            InvalidInput: it is larger than the burst, or less than 1.
        """
        if not 1 <= cost <= self.burst:
            raise InvalidInput(f"A call may cost 1 to {self.burst} permits, the burst of its rate limit, not {cost}.")


class PermitStore(Protocol):
    """Stores the state of rate limits, by name; processes that share a store share its limits."""

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        """Take permits, if enough are available now.

        Args:
            name: of the limit; no secret.
            limit: the same for every use of this name.
            cost: how many permits, as `RateLimit.check` allows.

        Returns:
            0 if they were taken; otherwise the seconds until they are available, unless others take them, and none was
                taken.

        Raises:
            ServiceUnavailable: the store does not answer; the permits may have been taken.
        """
        ...


class RateLimiter:
    """Waits for permits; for one event loop.

    Callers of one process that wait for the same name are served in order, and only the first queries the store.
    Between processes there is no order: a cost of many permits may wait long while others take few.

    Args:
        store: of the state; it is not used during a wait.
        limit: for every name.
        sleep: waits.
    """

    def __init__(
        self, store: PermitStore, limit: RateLimit, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._store = store
        self._limit = limit
        self._sleep = sleep
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def acquire(self, name: str, cost: int = 1) -> None:
        """Wait until permits are available, and take them.

        A caller that is cancelled has taken nothing, unless the store was about to grant them.

        Raises:
            InvalidInput: the cost is larger than the burst, or less than 1.
            ServiceUnavailable: the store does not answer.
        """
        self._limit.check(cost)
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            while (seconds := await self._store.take(name, self._limit, cost)) > 0:
                await self._sleep(max(seconds, _SHORTEST_PAUSE_SECONDS))

    async def try_acquire(self, name: str, cost: int = 1) -> float:
        """Take permits if they are available now; see `PermitStore.take`.

        Raises:
            InvalidInput, ServiceUnavailable: as for `acquire`.
        """
        self._limit.check(cost)
        return await self._store.take(name, self._limit, cost)
