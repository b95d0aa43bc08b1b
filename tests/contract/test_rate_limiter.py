"""What every store of rate limits promises, asked of PostgreSQL and of the fake."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import pytest

from sayso.errors import InvalidInput
from sayso.postgres.permits import PostgresPermits
from sayso.postgres.pool import Database
from sayso.resilience.shared_permits import RateLimit, RateLimiter
from sayso.testing import InMemoryPermits
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from sayso.resilience.shared_permits import PermitStore

HOUR = 3600.0
SLOW = RateLimit(amount=1, interval_seconds=HOUR)
"""Nothing happens by itself during a test: time goes by when it is told to."""

BURST = RateLimit(amount=10, interval_seconds=HOUR, burst=4)
PERMIT_SECONDS = BURST.permit_microseconds / 1e6
"""How long one of the latter takes to be earned."""

TOLERANCE_SECONDS = 60.0
"""How much of an hour a test may take on a busy machine."""


class Backend(Protocol):
    """A store, and the clock that it goes by."""

    store: PermitStore

    async def pass_time(self, name: str, seconds: float) -> None:
        """Let time go by for a limit; backwards if negative."""


class MemoryBackend:
    def __init__(self) -> None:
        self._now = 1e6
        self.store: PermitStore = InMemoryPermits(clock=lambda: self._now)

    async def pass_time(self, name: str, seconds: float) -> None:  # noqa: ARG002 -- it passes for all
        self._now += seconds


class PostgresBackend:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.store: PermitStore = PostgresPermits(database)

    async def pass_time(self, name: str, seconds: float) -> None:
        statement = """
            update sayso.rate_limits set free_at = free_at - %(seconds)s * interval '1 second' where name = %(name)s
        """
        await self._database.fetch(statement, {"name": name, "seconds": seconds}, is_repeatable=False)


@asynccontextmanager
async def memory(_request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    yield MemoryBackend()


@asynccontextmanager
async def postgres(request: pytest.FixtureRequest, *, url: str = "database_url") -> AsyncIterator[Backend]:
    async with Database(request.getfixturevalue(url), listen=False) as database:
        yield PostgresBackend(database)


OPENERS: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Backend]]] = {
    "memory": memory,
    "postgres": postgres,
    "postgres-pgbouncer": partial(postgres, url="pooled_database_url"),
}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[Backend]]:
    """Opens a store on the loop of the test; its database is there before the loop is."""
    opened = OPENERS[request.param](request)
    if request.param != "memory":
        request.getfixturevalue("pooled_database_url" if "pgbouncer" in request.param else "database_url")
    return lambda: opened


@pytest.fixture
async def backend(opener: Callable[[], AbstractAsyncContextManager[Backend]]) -> AsyncIterator[Backend]:
    async with opener() as opened:
        yield opened


@pytest.fixture
def name() -> str:
    """A limit of the test's own."""
    return f"limit {uuid4()}"


async def taken(limiter: RateLimiter, name: str, *, tries: int, cost: int = 1) -> int:
    """How many of so many requests at once are granted."""
    return [await limiter.try_acquire(name, cost) for _ in range(tries)].count(0.0)


async def test_permits_are_granted_at_once_up_to_the_burst(backend: Backend, name: str) -> None:
    """The next is due when one has been earned."""
    limiter = RateLimiter(backend.store, BURST)
    assert await taken(limiter, name, tries=4) == 4
    assert await limiter.try_acquire(name) == pytest.approx(PERMIT_SECONDS, abs=TOLERANCE_SECONDS)


async def test_after_a_burst_permits_come_one_by_one(backend: Backend, name: str) -> None:
    """Whoever asks too early takes nothing, and does not put off those who come in time."""
    limiter = RateLimiter(backend.store, BURST)
    assert await taken(limiter, name, tries=20) == 4
    for _ in range(3):
        await backend.pass_time(name, PERMIT_SECONDS)
        assert await taken(limiter, name, tries=5) == 1


async def test_an_idle_limit_saves_up_no_more_than_its_burst(backend: Backend, name: str) -> None:
    """However long nobody asked."""
    limiter = RateLimiter(backend.store, BURST)
    await limiter.acquire(name)
    await backend.pass_time(name, 1000 * HOUR)
    assert await taken(limiter, name, tries=10) == 4


async def test_no_interval_has_more_than_the_amount(backend: Backend, name: str) -> None:
    """Not even one that begins with a burst, when every permit is taken as soon as it is there."""
    limiter = RateLimiter(backend.store, BURST)
    granted = 0
    for _ in range(8):  # 4 at once, and 6 more until just before the interval ends
        granted += await taken(limiter, name, tries=5)
        await backend.pass_time(name, HOUR / 8 - 1)
    assert granted <= BURST.amount


async def test_names_have_limits_of_their_own(backend: Backend, name: str) -> None:
    """One that is used up stops no other."""
    limiter = RateLimiter(backend.store, SLOW)
    assert await taken(limiter, name, tries=2) == 1
    assert await taken(limiter, f"{name} other", tries=2) == 1


async def test_a_cost_is_as_many_permits(backend: Backend, name: str) -> None:
    """All or none are taken, and the wait is for those that are missing."""
    limiter = RateLimiter(backend.store, BURST)
    assert await limiter.try_acquire(name, 3) == 0
    assert await limiter.try_acquire(name, 3) == pytest.approx(2 * PERMIT_SECONDS, abs=TOLERANCE_SECONDS)
    assert await limiter.try_acquire(name, 1) == 0
    await backend.pass_time(name, 3 * PERMIT_SECONDS)
    assert await limiter.try_acquire(name, 3) == 0


@pytest.mark.parametrize("cost", [-1, 0, 5, 10**9])
async def test_a_cost_for_which_there_are_never_enough_is_refused(backend: Backend, name: str, cost: int) -> None:
    """It would wait for ever, or take nothing."""
    limiter = RateLimiter(backend.store, BURST)
    with pytest.raises(InvalidInput, match="burst"):
        await limiter.acquire(name, cost)
    with pytest.raises(InvalidInput, match="burst"):
        await limiter.try_acquire(name, cost)
    assert await taken(limiter, name, tries=5) == 4


async def test_limiters_of_one_store_share_its_limits(backend: Backend, name: str) -> None:
    """As two processes do."""
    limiters = [RateLimiter(backend.store, BURST) for _ in range(2)]
    assert sum([await taken(limiter, name, tries=3) for limiter in limiters]) == 4


@pytest.mark.parametrize("back_seconds", [-10.0, -1000 * HOUR])
async def test_a_clock_that_was_set_back_stops_nobody_for_long(
    backend: Backend, name: str, back_seconds: float
) -> None:
    """The wait is bounded by the limit, whatever the clock did; a small step grants nothing that was taken."""
    limit = RateLimit(amount=1, interval_seconds=60)
    limiter = RateLimiter(backend.store, limit)
    await limiter.acquire(name)
    await backend.pass_time(name, back_seconds)
    granted = await taken(limiter, name, tries=10)
    assert granted == (1 if back_seconds < -HOUR else 0)
    assert 0 < await limiter.try_acquire(name) <= 60 + 10
    await backend.pass_time(name, 120)
    assert await limiter.try_acquire(name) == 0


async def test_a_limit_may_be_replaced(backend: Backend, name: str) -> None:
    """Who configures a shorter interval does not wait for the end of the longer one."""
    await RateLimiter(backend.store, SLOW).acquire(name)
    quick = RateLimiter(backend.store, RateLimit(amount=1, interval_seconds=10))
    assert await quick.try_acquire(name) <= 10


async def test_waiting_ends_when_a_permit_is_there(backend: Backend, name: str) -> None:
    """It sleeps for as long as the store says, and asks again."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await backend.pass_time(name, seconds)

    limiter = RateLimiter(backend.store, SLOW, sleep=sleep)
    await limiter.acquire(name)
    await limiter.acquire(name)
    assert sum(slept) == pytest.approx(HOUR, abs=TOLERANCE_SECONDS)


async def test_who_is_cancelled_while_waiting_takes_nothing(backend: Backend, name: str) -> None:
    """The next in the line is served when the permit is there; nobody waits for those who went away."""
    sleeping, waking = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        sleeping.set()
        await waking.wait()

    limiter = RateLimiter(backend.store, SLOW, sleep=sleep)
    async with asyncio.timeout(WAIT_SECONDS):
        await limiter.acquire(name)
        waiting = [asyncio.create_task(limiter.acquire(name)) for _ in range(3)]
        await sleeping.wait()
        for task in waiting[:2]:
            task.cancel()
        await asyncio.wait(waiting[:2])
        await backend.pass_time(name, HOUR)
        waking.set()
        await waiting[2]
    assert await limiter.try_acquire(name) > 0
