"""Rate limits that processes share: at most so many calls in any interval, whoever makes them.

A limit is kept by the generic cell rate algorithm (GCRA; ITU-T I.371, annex A), a token bucket whose whole state is one
time: when all permits that were taken will have been earned back. Each permit takes `RateLimit.permit_seconds` to earn.
Permits are granted while the bucket holds them, and nothing is reserved for those who wait, so that a caller who is
cancelled has taken nothing.
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

    After a burst, permits come evenly, ``amount - burst + 1`` in an interval: so the bound holds in every interval,
    also in one that begins with a burst. A small burst makes up for callers that come late; a burst of the whole amount
    leaves one permit in each interval that follows.

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
        """How long a permit takes to be earned; rounded up, so that the bound holds."""
        return math.ceil(self.interval_seconds * 1e6 / (self.amount - self.burst + 1))

    def check(self, cost: int) -> None:
        """Refuse a cost for which there are never permits enough.

        Raises:
            InvalidInput: it is larger than the burst, or less than 1.
        """
        if not 1 <= cost <= self.burst:
            raise InvalidInput(f"A call may cost 1 to {self.burst} permits, the burst of its rate limit, not {cost}.")


class PermitStore(Protocol):
    """Where the state of rate limits is kept, by name; processes that share a store share its limits."""

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        """Take permits, if there are as many now.

        Args:
            name: of the limit; no secret.
            limit: the same wherever this name is used.
            cost: how many permits, as `RateLimit.check` allows.

        Returns:
            0 if they were taken; else in how many seconds they will be there, unless others take them: nothing was.

        Raises:
            ServiceUnavailable: the store does not answer; perhaps they were taken.
        """
        ...


class RateLimiter:
    """Waits for permits; for one event loop.

    Callers of one process that wait for the same name are served in their order, and only the first asks the store.
    Between processes there is no order: a cost of many permits may wait long while others take few.

    Args:
        store: where the state is; it is not used during a wait.
        limit: for every name that is asked for.
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
        """Wait until permits are there, and take them.

        A caller that is cancelled has taken nothing, unless the store was about to answer that it had them.

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
        """Take permits if they are there now; see `PermitStore.take`.

        Raises:
            InvalidInput, ServiceUnavailable: as `acquire`.
        """
        self._limit.check(cost)
        return await self._store.take(name, self._limit, cost)
