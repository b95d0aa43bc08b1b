"""Limits of a client: requests in a time window, and concurrent requests."""

from __future__ import annotations

import ipaddress
import itertools
import math
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from sayso.errors import Busy, InvalidInput
from sayso.scheduling import may_have_another

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from limits import RateLimitItem
    from starlette.types import Scope


LIMIT_HEADER = "x-ratelimit-limit-requests"
REMAINING_HEADER = "x-ratelimit-remaining-requests"
RESET_HEADER = "x-ratelimit-reset-requests"
RATE_HEADERS = (LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER)


def address_of(scope: Scope) -> str:
    """A client's address; for IPv6 its /64 network, because a client has all of it."""
    client = scope.get("client")
    host: str = client[0] if client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address.version == 6 else host


class RequestShares:
    """Counts the concurrent requests of each client, so that none uses every connection; used only by the loop.

    Args:
        connections: the total number.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._held: Counter[str] = Counter()

    @contextmanager
    def count(self, client: str) -> Iterator[None]:
        """Count a request of ``client`` during the block.

        Raises:
            Busy: the client has its share of the connections.
        """
        held = self._held[client]
        if not may_have_another(held=held, free=self._connections - self._held.total()):
            raise Busy(f"You have {held} requests in flight, which is your share.", retry_after_seconds=1)
        self._held[client] += 1
        try:
            yield
        finally:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]


class RateLimiter:
    """Counts the requests of each client in a sliding window, so that no window boundary allows twice as many.

    Each process counts for itself. Any thread may use it; the lock makes counting and reporting atomic.

    Args:
        spec: as ``600/minute`` or ``10 per 2 seconds``; None for no limit.

    Raises:
        InvalidInput: the specification is malformed.
    """

    def __init__(self, spec: str | None) -> None:
        self._limit = None if spec is None else _parsed(spec)
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()  # guards the window and the attributes below
        self._last_asked: dict[str, float] = {}
        """The time of each client's latest request, the oldest first; the library itself never removes a client."""

    def hit(self, client: str) -> None:
        """Count a request of ``client``.

        Raises:
            Busy: the client is over its limit; the error says when the next request is allowed.
        """
        if self._limit is None:
            return
        with self._lock:
            if self._window.hit(self._limit, client):
                self._remember(client, self._limit)
                return
            wait_seconds = self._reset_seconds(client)
        raise Busy(f"The rate limit of {self._limit} is reached.", retry_after_seconds=wait_seconds)

    def headers(self, client: str) -> Mapping[str, str]:
        """The rate limit headers of OpenAI: the limit, the remaining requests, and the time until a reset.

        Empty without a limit. The time has OpenAI's format: ``350ms``, ``6m0s``.
        """
        if self._limit is None:
            return {}
        with self._lock:
            stats = self._window.get_window_stats(self._limit, client)
        return {
            LIMIT_HEADER: str(self._limit.amount),
            REMAINING_HEADER: str(max(stats.remaining, 0)),
            RESET_HEADER: _duration(max(stats.reset_time - time.time(), 0.0)),
        }

    def _remember(self, client: str, limit: RateLimitItem) -> None:
        """Record a client's request, and remove clients with an empty window; the caller holds the lock."""
        now = time.time()
        self._last_asked.pop(client, None)
        self._last_asked[client] = now
        for other, asked in list(itertools.islice(self._last_asked.items(), 2)):
            # Twice the window: by then the library's own thread is finished with the client.
            if asked < now - 2 * limit.get_expiry():
                del self._last_asked[other]
                self._window.clear(limit, other)

    def _reset_seconds(self, client: str) -> float:
        """When the oldest request leaves the full window; the caller holds the lock."""
        assert self._limit is not None  # noqa: S101 -- asked only of a limit
        stats = self._window.get_window_stats(self._limit, client)
        return max(stats.reset_time - time.time(), 0.001)  # the library uses wall-clock time


def _parsed(spec: str) -> RateLimitItem:
    try:
        limit = parse(spec)
    except ValueError:
        limit = None
    if limit is None or limit.amount < 1:
        raise InvalidInput(f"{spec!r} is not a rate limit", hint="Write it as 600/minute or 10/second.")
    return limit


def _duration(seconds: float) -> str:
    """A duration in Go's format, which is OpenAI's."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{rest}s"
