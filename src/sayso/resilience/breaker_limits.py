"""When circuit breakers open, and for how long: every limit of Sayso; `sayso.resilience.breaker` keeps to them.

How long the breakers of engines stay open is the setting SAYSO_BREAKER_OPEN_SECONDS.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerLimits:
    """When a breaker opens, and for how long.

    Attributes:
        consecutive: failures in a row that open it.
        rate: share of failures in the window that opens it.
        window: how many requests are counted; the rate applies once there are so many.
        open_seconds: how long it stays open.
    """

    consecutive: int
    rate: float = 0.5
    window: int = 20
    open_seconds: float = 30.0


PROVIDER = BreakerLimits(consecutive=5)
"""A provider, such as OpenAI."""

LOCAL_ENGINE = BreakerLimits(consecutive=20, window=40)
"""A local engine fails because of its input rather than its state: many failures are needed."""

SHARED_CACHE = BreakerLimits(consecutive=2, open_seconds=60.0)
"""The speech cache in S3: an utterance is made again sooner than a failing service answers."""
