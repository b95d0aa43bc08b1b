"""The rate limit of an API key, which all workers share through the database."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.errors import ServiceUnavailable
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


class KeyPermitStore(PermitStore, Protocol):
    """A `PermitStore` whose limits can be paused and delayed."""

    async def pause(self, name: str, seconds: float) -> None:
        """Grant no permit of a limit for so many seconds from now, unless it is paused for longer already.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        ...

    async def delay(self, name: str, seconds: float) -> None:
        """Grant the next permit of a limit so many seconds later.

        Raises:
            ServiceUnavailable: the store does not answer; it may be delayed.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """The right to send a request now; any thread may use it.

    Attributes:
        due: on the clock, when a request usually leaves.
        until: when it expires.
        clock: monotonic seconds.
    """

    due: float
    until: float
    clock: Callable[[], float]

    @property
    def is_valid(self) -> bool:
        """Whether the request may leave."""
        return self.clock() <= self.until

    @property
    def late_seconds(self) -> float:
        """How much later than usual a request is that leaves now."""
        return max(0.0, self.clock() - self.due)


class KeyPermits:
    """Permits for requests with one API key; for one event loop.

    The interval is kept where requests leave, not where permits are granted. Permits are a little further apart than
    the interval. If a request leaves later than usual by more than that, the next permit is delayed as much; if it is
    too late for that, its permit has expired, and it waits for another one.

    Args:
        store: of the permits.
        api_key: of which only a digest is stored.
        base_url: the service's address; None for OpenAI itself.
        interval_seconds: the shortest time from one request to the next; 0 for no limit.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        store: KeyPermitStore,
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
        # Without an interval there are pauses all the same.
        spacing = interval_seconds + self._margin_seconds if interval_seconds else _NO_INTERVAL_SECONDS
        self._limit = RateLimit(amount=1, interval_seconds=spacing)
        self._delaying: set[asyncio.Task[None]] = set()

    async def acquire(self) -> Permit:
        """Wait for a permit; the request must leave at once.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        while True:
            asked_at = self._clock()
            seconds = await self._store.take(self.name, self._limit, 1)
            if seconds <= 0:
                self._took_seconds.append(self._clock() - asked_at)
                due = asked_at + min(self._took_seconds)
                until = due + self._interval_seconds / 2 if self._interval_seconds else math.inf
                return Permit(due=due, until=until, clock=self._clock)
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
            for _ in range(_MOST_EXPIRED):
                if current.is_valid:
                    break
                current = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.acquire(), loop))
            late_seconds = current.late_seconds
            if self._interval_seconds and late_seconds > self._margin_seconds:
                loop.call_soon_threadsafe(self._delay_next, min(late_seconds, self._interval_seconds))

        return depart

    def _delay_next(self, seconds: float) -> None:
        """Delay the next permit, without waiting for it."""
        task = asyncio.create_task(self._delay(seconds))
        self._delaying.add(task)
        task.add_done_callback(self._delaying.discard)

    async def _delay(self, seconds: float) -> None:
        with suppress(ServiceUnavailable):
            await self._store.delay(self.name, seconds)

    async def pause(self, seconds: float) -> None:
        """Grant no permit to any worker for so many seconds.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        await self._store.pause(self.name, seconds)
