"""A rate limit holds in every interval, in whatever order and at whatever times permits are asked for."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.resilience.shared_permits import RateLimit, RateLimiter
from sayso.testing import InMemoryPermits
from support.waiting import WAIT_SECONDS

LIMITS = st.integers(1, 12).flatmap(
    lambda amount: st.builds(
        RateLimit,
        amount=st.just(amount),
        interval_seconds=st.floats(0.001, 10),
        burst=st.integers(1, amount),
    )
)

REQUESTS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 12)), max_size=60)
"""How long after the one before it each comes, and what it costs."""


@given(LIMITS, REQUESTS)
async def test_no_interval_has_more_than_the_amount(limit: RateLimit, requests: list[tuple[float, int]]) -> None:
    """Wherever an interval begins."""
    now = 0.0
    granted: list[tuple[float, int]] = []

    limiter = RateLimiter(InMemoryPermits(clock=lambda: now), limit)
    for pause_seconds, wanted in requests:
        now += pause_seconds
        cost = min(wanted, limit.burst)
        if await limiter.try_acquire("limit", cost) == 0:
            granted.append((now, cost))
    for begin, _ in granted:
        # Times are kept in whole microseconds.
        end = begin + limit.interval_seconds - 1e-6
        assert sum(cost for at, cost in granted if begin <= at < end) <= limit.amount


@given(LIMITS)
async def test_who_waits_as_told_gets_the_whole_rate(limit: RateLimit) -> None:
    """Nothing is lost to rounding but a microsecond for each permit, and one wait is enough."""
    now = 0.0
    waits = 0

    async def sleep(seconds: float) -> None:
        nonlocal now, waits
        waits += 1
        now += seconds + 1e-6  # what is asked for is later than the clock can tell

    limiter = RateLimiter(InMemoryPermits(clock=lambda: now), limit, sleep=sleep)
    for _ in range(limit.burst + 20):
        await limiter.acquire("limit")
    permit_seconds = limit.interval_seconds / (limit.amount - limit.burst + 1)
    assert waits <= 40  # a pause is no shorter than a millisecond: permits that come faster share one
    assert now <= 20 * max(permit_seconds + 3e-6, 1.1e-3)


async def test_callers_are_served_in_their_order() -> None:
    """One that came later does not take the permit of one that waits, and a name does not wait for another."""
    now = 0.0
    served: list[str] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        await asyncio.sleep(0)
        now += seconds

    limiter = RateLimiter(InMemoryPermits(clock=lambda: now), RateLimit(amount=1, interval_seconds=5), sleep=sleep)

    async def call(caller: str) -> None:
        await limiter.acquire(caller[0])
        served.append(caller)

    async with asyncio.timeout(WAIT_SECONDS):
        await asyncio.gather(*(call(caller) for caller in ("a1", "a2", "a3", "b1", "a4")))
    assert [caller for caller in served if caller != "b1"] == ["a1", "a2", "a3", "a4"]
    assert served.index("b1") < served.index("a2")


async def test_only_the_first_in_line_asks_the_store() -> None:
    """A hundred callers that wait cost no more statements than one."""

    class CountingPermits(InMemoryPermits):
        asked = 0

        async def take(self, name: str, limit: RateLimit, cost: int) -> float:
            self.asked += 1
            return await super().take(name, limit, cost)

    store = CountingPermits()
    limiter = RateLimiter(store, RateLimit(amount=1, interval_seconds=3600))
    await limiter.acquire("limit")
    waiting = [asyncio.create_task(limiter.acquire("limit")) for _ in range(100)]
    await asyncio.sleep(0.05)
    assert store.asked == 2
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


@pytest.mark.parametrize(
    ("amount", "interval_seconds", "burst"),
    [
        (0, 1, 1),
        (-1, 1, 1),
        (1_000_001, 1, 1),
        (1, 0, 1),
        (1, -1, 1),
        (1, math.nan, 1),
        (1, math.inf, 1),
        (1, 32 * 86_400, 1),
        (1, 1, 0),
        (1, 1, 2),
    ],
)
def test_a_limit_that_means_nothing_is_refused(amount: int, interval_seconds: float, burst: int) -> None:
    """The error names what is out of range."""
    with pytest.raises(InvalidInput, match="of a rate limit must be"):
        RateLimit(amount=amount, interval_seconds=interval_seconds, burst=burst)


@pytest.mark.parametrize(
    ("limit", "microseconds"),
    [
        (RateLimit(amount=1, interval_seconds=0.5), 500_000),
        (RateLimit(amount=3, interval_seconds=1), 333_334),
        (RateLimit(amount=3, interval_seconds=1, burst=2), 500_000),
        (RateLimit(amount=3, interval_seconds=1, burst=3), 1_000_000),
    ],
)
def test_permits_are_earned_so_that_a_burst_and_what_follows_are_within_the_amount(
    limit: RateLimit, microseconds: int
) -> None:
    """In whole microseconds, never too early."""
    assert limit.permit_microseconds == microseconds
