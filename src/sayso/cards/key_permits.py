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

_MARGIN_SECONDS = 0.025
"""How much later than usual a request may leave, and how much further apart permits are than the interval; for a short
interval at most half of it."""

_REMEMBERED = 64
_NO_INTERVAL_SECONDS = 1e-6
_SHORTEST_PAUSE_SECONDS = 0.001


class PausableStore(PermitStore, Protocol):
    """A `PermitStore` whose limits can be paused."""

    async def pause(self, name: str, seconds: float) -> None:
        """Grant no permit of a limit for so many seconds from now, unless it is paused for longer already."""
        ...


class PermitExpired(Exception):
    """A permit was not used in time; another one is needed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """The right to send a request now; any thread may use it.

    Attributes:
        until: on the clock, when it expires.
        clock: monotonic seconds.
    """

    until: float
    clock: Callable[[], float]

    def check(self) -> None:
        """Return if the request may leave.

        Raises:
            PermitExpired: it may not.
        """
        if self.clock() > self.until:
            raise PermitExpired


class KeyPermits:
    """Permits for requests with one API key; for one event loop, and one caller at a time.

    The interval is kept where requests leave. Permits are a little further apart than the interval, and one that is
    not used as soon as usual expires: so a request that is slow to leave and a quick one after it are as far apart.

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
        # Without a limit there are pauses all the same.
        interval_seconds = interval_seconds + self._margin_seconds if interval_seconds else _NO_INTERVAL_SECONDS
        self._limit = RateLimit(amount=1, interval_seconds=interval_seconds)
        self._expires = interval_seconds > _NO_INTERVAL_SECONDS

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
                until = asked_at + min(self._took_seconds) + self._margin_seconds
                return Permit(until=until if self._expires else math.inf, clock=self._clock)
            await asyncio.sleep(max(seconds, _SHORTEST_PAUSE_SECONDS))

    async def pause(self, seconds: float) -> None:
        """Grant no permit to any worker for so many seconds.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        await self._store.pause(self.name, seconds)
