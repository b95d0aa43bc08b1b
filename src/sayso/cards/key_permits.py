"""The rate limit of an API key, which all workers share through the database."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.resilience.shared_permits import PermitStore, RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.providers.openai.departures import Departure

_MARGIN_SECONDS = 0.025
"""How much later than usual a request may leave, and how much further apart permits are than the interval; for a short
interval at most half of it."""

_REMEMBERED = 64
_MOST_EXPIRED = 5
"""How many permits in a row may expire before a request leaves late: the machine is too busy to be in time."""

_NO_INTERVAL_SECONDS = 1e-6
_SHORTEST_PAUSE_SECONDS = 0.001


class PausableStore(PermitStore, Protocol):
    """A `PermitStore` whose limits can be paused."""

    async def pause(self, name: str, seconds: float) -> None:
        """Grant no permit of a limit for so many seconds from now, unless it is paused for longer already."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """The right to send a request now; any thread may use it.

    Attributes:
        until: on the clock, when it expires.
        clock: monotonic seconds.
    """

    until: float
    clock: Callable[[], float]

    @property
    def is_valid(self) -> bool:
        """Whether the request may leave."""
        return self.clock() <= self.until


class KeyPermits:
    """Permits for requests with one API key; for one event loop, and one caller at a time.

    The interval is kept where requests leave. Permits are a little further apart than the interval, and one that is
    not used as soon as usual expires: so a request that is slow to leave and a quick one after it are as far apart.
    What comes instead of one that has expired is further apart, and has more time, until the request leaves.

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
        self._margin_seconds = min(_MARGIN_SECONDS, interval_seconds / 2)
        self._took_seconds: deque[float] = deque(maxlen=_REMEMBERED)
        """How long the last permits took to arrive; the shortest time is that of the database and the network."""
        self._interval_seconds = interval_seconds

    async def acquire(self, *, expired: int = 0) -> Permit:
        """Wait for a permit; the request must leave at once.

        Args:
            expired: how many permits of this request have expired; each doubles the time that this one has.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        margin_seconds = self._margin_seconds * 2**expired
        # Without an interval there are pauses all the same.
        spacing = self._interval_seconds + margin_seconds if self._interval_seconds else _NO_INTERVAL_SECONDS
        limit = RateLimit(amount=1, interval_seconds=spacing)
        while True:
            asked_at = self._clock()
            seconds = await self._store.take(self.name, limit, 1)
            if seconds <= 0:
                self._took_seconds.append(self._clock() - asked_at)
                until = asked_at + min(self._took_seconds) + margin_seconds
                return Permit(until=until if self._interval_seconds else math.inf, clock=self._clock)
            await asyncio.sleep(max(seconds, _SHORTEST_PAUSE_SECONDS))

    def departure(self, permit: Permit) -> Departure:
        """What a request waits for right before it leaves, on the loop that sends it: a permit that has not expired.

        To be called on the loop of this. After several permits that expired the request leaves late.

        Args:
            permit: the first.
        """
        loop = asyncio.get_running_loop()

        async def depart() -> None:
            current = permit
            for expired in range(1, _MOST_EXPIRED + 1):
                if current.is_valid:
                    return
                acquiring = asyncio.run_coroutine_threadsafe(self.acquire(expired=expired), loop)
                current = await asyncio.wrap_future(acquiring)

        return depart

    async def pause(self, seconds: float) -> None:
        """Grant no permit to any worker for so many seconds.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        await self._store.pause(self.name, seconds)
