"""A circuit breaker: an engine that keeps failing is not called for a while, and then probed with one request."""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.resilience.breaker_limits import BreakerLimits


class BreakerState(StrEnum):
    """Closed lets every request through, open none, half-open one: its outcome decides which of the two is next."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts an engine's failures; any thread may use it.

    It opens after so many failures in a row, or when at least a share of the last requests failed. After its time it
    lets one request through, which closes it or opens it again. A probe that never reports is abandoned after the same
    time.

    Args:
        limits: when it opens, and for how long.
        clock: monotonic seconds.
    """

    def __init__(self, limits: BreakerLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()  # guards all attributes below
        self._outcomes: deque[bool] = deque(maxlen=limits.window)  # True: it failed
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._probe_began_at: float | None = None

    @property
    def state(self) -> BreakerState:
        """The current state."""
        with self._lock:
            if self._opened_at is None:
                return BreakerState.CLOSED
            over = self._clock() - self._opened_at >= self._limits.open_seconds
            return BreakerState.HALF_OPEN if over else BreakerState.OPEN

    def allows(self) -> bool:
        """Whether a request may go through; afterwards `succeeded`, `failed` or `record_ignored` must be called."""
        with self._lock:
            if self._opened_at is None:
                return True
            now = self._clock()
            if now - self._opened_at < self._limits.open_seconds:
                return False
            if self._probe_began_at is not None and now - self._probe_began_at < self._limits.open_seconds:
                return False
            self._probe_began_at = now
            return True

    def succeeded(self) -> None:
        """Record a success of the engine."""
        with self._lock:
            if self._opened_at is not None:
                self._outcomes.clear()
            self._opened_at = self._probe_began_at = None
            self._in_a_row = 0
            self._outcomes.append(False)

    def failed(self) -> None:
        """Record a failure of the engine."""
        with self._lock:
            self._in_a_row += 1
            self._outcomes.append(True)
            full = len(self._outcomes) == self._outcomes.maxlen
            often = full and sum(self._outcomes) >= self._limits.rate * len(self._outcomes)
            if self._probe_began_at is not None or self._in_a_row >= self._limits.consecutive or often:
                self._opened_at = self._clock()
                self._probe_began_at = None

    def record_ignored(self) -> None:
        """Record that the request says nothing about the engine: the caller was wrong, or cancelled."""
        with self._lock:
            self._probe_began_at = None
