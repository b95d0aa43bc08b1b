"""Rate limits in PostgreSQL hold for all processes together, by the clock of the database."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from uuid import uuid4

import pytest

from sayso.errors import ServiceUnavailable
from sayso.postgres.permits import PostgresPermits
from sayso.postgres.pool import Database
from sayso.resilience.shared_permits import RateLimit, RateLimiter
from support.waiting import WAIT_SECONDS

SECONDS = 2.0
"""How long processes compete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A cost that was granted at some time between two, which are monotonic seconds."""

    after: float
    before: float
    cost: int


class WatchedPermits(PostgresPermits):
    """Notes when grants were made."""

    def __init__(self, database: Database, grants: list[Grant]) -> None:
        super().__init__(database)
        self._grants = grants

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        after = time.monotonic()
        seconds = await super().take(name, limit, cost)
        if seconds == 0:
            self._grants.append(Grant(after=after, before=time.monotonic(), cost=cost))
        return seconds


@pytest.fixture
def name() -> str:
    """A limit of the test's own."""
    return f"limit {uuid4()}"


@pytest.mark.parametrize(
    "limit",
    [
        RateLimit(amount=20, interval_seconds=1),
        RateLimit(amount=50, interval_seconds=1, burst=10),
        RateLimit(amount=4, interval_seconds=0.25, burst=4),
        RateLimit(amount=300, interval_seconds=1, burst=50),
    ],
)
async def test_two_pools_together_never_exceed_the_limit(database_url: str, name: str, limit: RateLimit) -> None:
    """In no interval, wherever it begins; and what may be had is had."""
    grants: list[Grant] = []
    end = time.monotonic() + SECONDS

    async def call(limiter: RateLimiter, cost: int) -> None:
        while time.monotonic() < end:
            await limiter.acquire(name, cost)

    async with Database(database_url, listen=False) as one, Database(database_url, listen=False) as two:
        # Two limiters for each pool, since the callers of one limiter wait for one another.
        limiters = [RateLimiter(WatchedPermits(database, grants), limit) for database in (one, two, one, two)]
        calls = [call(limiter, min(cost, limit.burst)) for limiter in limiters for cost in (1, 2, 3)]
        began = time.monotonic()
        await asyncio.gather(*calls)
        took_seconds = time.monotonic() - began
    for first in grants:
        within = [
            grant.cost
            for grant in grants
            if grant.after >= first.after and grant.before < first.after + limit.interval_seconds
        ]
        assert sum(within) <= limit.amount
    earned = took_seconds * 1e6 / limit.permit_microseconds + limit.burst
    assert sum(grant.cost for grant in grants) <= earned + 1
    assert sum(grant.cost for grant in grants) >= min(limit.amount, limit.burst)


async def test_the_first_requests_of_a_new_limit_share_it(database_url: str, name: str) -> None:
    """Also when they come at the same moment, before there is a row."""
    limit = RateLimit(amount=10, interval_seconds=3600, burst=5)
    async with Database(database_url, listen=False) as one, Database(database_url, listen=False) as two:
        stores = [PostgresPermits(one), PostgresPermits(two)] * 8
        answers = await asyncio.gather(*(store.take(name, limit, 1) for store in stores))
    assert answers.count(0.0) == limit.burst


async def test_the_clock_is_the_databases(database_url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock is years off asks and waits like any other."""
    limit = RateLimit(amount=1, interval_seconds=3600)
    monkeypatch.setattr(time, "time", lambda: 1e9)
    async with Database(database_url, listen=False) as database:
        store = PostgresPermits(database)
        assert await store.take(name, limit, 1) == 0
        assert 3500 < await store.take(name, limit, 1) <= 3600
        statement = """
            select extract(epoch from free_at - clock_timestamp())::float8 as seconds from sayso.rate_limits
            where name = %(name)s
        """
        (row,) = await database.fetch(statement, {"name": name}, is_repeatable=True)
        assert 3500 < row["seconds"] <= 3600


async def test_a_grant_that_waited_for_a_lock_counts_from_when_it_had_it(database_url: str, name: str) -> None:
    """Not from when it was asked for: else the next would come too early."""
    limit = RateLimit(amount=1, interval_seconds=1)
    async with Database(database_url, listen=False) as one, Database(database_url, listen=False) as two:
        store = PostgresPermits(one)
        await store.take(name, limit, 1)
        await asyncio.sleep(1.0)
        async with two.transaction() as transaction:
            lock = "select from sayso.rate_limits where name = %(name)s for update"
            await transaction.fetch(lock, {"name": name})
            taking = asyncio.create_task(store.take(name, limit, 1))
            await asyncio.sleep(0.5)
            assert not taking.done()
        assert await taking == 0
        assert await store.take(name, limit, 1) > 0.6


async def test_a_request_that_comes_too_early_locks_nothing(database_url: str, name: str) -> None:
    """It is answered while another has the row locked, and writes nothing."""
    limit = RateLimit(amount=1, interval_seconds=3600)
    async with Database(database_url, listen=False) as one, Database(database_url, listen=False) as two:
        store = PostgresPermits(one)
        await store.take(name, limit, 1)
        async with two.transaction() as transaction:
            lock = "select xmin::text from sayso.rate_limits where name = %(name)s for update"
            await transaction.fetch(lock, {"name": name})
            async with asyncio.timeout(WAIT_SECONDS):
                assert await store.take(name, limit, 1) > 3500


async def test_no_connection_is_held_during_a_wait(database_url: str, name: str) -> None:
    """Others use the only one while a caller waits for its permit."""
    limit = RateLimit(amount=1, interval_seconds=3600)
    async with Database(database_url, listen=False, connections=1) as database:
        limiter = RateLimiter(PostgresPermits(database), limit)
        await limiter.acquire(name)
        waiting = [asyncio.create_task(limiter.acquire(name)) for _ in range(20)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(WAIT_SECONDS):
            assert await database.fetch("select 1 as one", {}, is_repeatable=True) == [{"one": 1}]
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_who_is_cancelled_leaves_the_limit_as_it_was(database_url: str, name: str) -> None:
    """At whatever moment: what was taken by an answer that was not heard is less for others, and never more."""
    limit = RateLimit(amount=100, interval_seconds=1)
    async with Database(database_url, listen=False) as database:
        grants: list[Grant] = []
        limiter = RateLimiter(WatchedPermits(database, grants), limit)
        for round_ in range(30):
            task = asyncio.create_task(limiter.acquire(name))
            await asyncio.sleep(0.001 * (round_ % 10))
            task.cancel()
            await asyncio.wait({task})
        async with asyncio.timeout(WAIT_SECONDS):
            await limiter.acquire(name)
        seconds = grants[-1].before - grants[0].after
        assert len(grants) <= seconds * limit.amount + 1


async def test_without_its_database_nothing_is_granted(name: str) -> None:
    """A limit that cannot be asked is not taken for one that allows: its caller is told that the service is away."""
    async with Database("host=127.0.0.1 port=1", listen=False, connect_seconds=0.2) as database:
        limiter = RateLimiter(PostgresPermits(database), RateLimit(amount=1, interval_seconds=1))
        with pytest.raises(ServiceUnavailable):
            await limiter.acquire(name)
