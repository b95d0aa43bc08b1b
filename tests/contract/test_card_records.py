"""What the records of cards in PostgreSQL promise: claims on speech, purchases, and pauses of a key."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sayso.cards.claims import ClaimKeeper
from sayso.cards.postgres.pauses import PausablePermits
from sayso.cards.postgres.purchases import PostgresPurchases
from sayso.cards.postgres.speech_claims import PostgresSpeechClaims
from sayso.errors import SaysoError
from sayso.postgres.permits import PostgresPermits
from sayso.postgres.pool import Database
from sayso.resilience.shared_permits import RateLimit
from support.waiting import until_true

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

HOUR = 3600.0


@pytest.fixture(params=["database_url", "pooled_database_url"])
def opener(request: pytest.FixtureRequest) -> Callable[[], Database]:
    """Directly, and through PgBouncer; the database is there before the loop is."""
    url = request.getfixturevalue(request.param)
    return lambda: Database(url, listen=False)


@pytest.fixture
async def database(opener: Callable[[], Database]) -> AsyncIterator[Database]:
    async with opener() as opened:
        yield opened


@pytest.fixture
def key() -> str:
    return uuid4().hex * 2


@pytest.fixture
def job_id() -> str:
    return f"job {uuid4()}"


async def age(database: Database, key: str, seconds: float) -> None:
    """Let time pass for a claim."""
    statement = """
        update sayso.card_speech_claims set claimed_until = claimed_until - %(seconds)s * interval '1 second'
        where speech_key = %(key)s
    """
    await database.fetch(statement, {"key": key, "seconds": seconds}, is_repeatable=False)


async def test_a_text_belongs_to_one_owner(database: Database, key: str) -> None:
    one, two = (PostgresSpeechClaims(database, seconds=HOUR) for _ in range(2))
    assert await one.claim(key) == 0
    assert HOUR - 60 < await two.claim(key) <= HOUR
    assert await one.claim(key) == 0  # again, as after a lost response


async def test_a_claim_is_free_after_its_release_or_its_end(database: Database, key: str) -> None:
    one, two = (PostgresSpeechClaims(database, seconds=HOUR) for _ in range(2))
    await one.claim(key)
    await two.release([key])  # which is not its own
    assert await two.claim(key) > 0
    await one.release([key])
    assert await two.claim(key) == 0
    await age(database, key, HOUR)
    assert await one.claim(key) == 0
    assert await two.extend([key]) == {key}
    assert await one.extend([key]) == set()


async def test_an_extended_claim_lasts_on(database: Database, key: str) -> None:
    one, two = (PostgresSpeechClaims(database, seconds=HOUR) for _ in range(2))
    await one.claim(key)
    await age(database, key, HOUR - 60)
    assert await two.claim(key) <= 60
    await one.extend([key])
    assert await two.claim(key) > HOUR - 60


async def test_of_many_that_claim_at_once_one_gets_the_text(database: Database, key: str) -> None:
    owners = [PostgresSpeechClaims(database, seconds=HOUR) for _ in range(8)]
    assert list(await asyncio.gather(*(owner.claim(key) for owner in owners))).count(0.0) == 1


async def test_claims_that_no_worker_needs_are_removed(database: Database, key: str) -> None:
    dead, living = (PostgresSpeechClaims(database, seconds=HOUR) for _ in range(2))
    await dead.claim(key)
    await age(database, key, 3 * HOUR)
    await living.release(["another"])
    assert await living.extend([key]) == {key}
    find = "select owner from sayso.card_speech_claims where speech_key = %(key)s"
    assert not await database.fetch(find, {"key": key}, is_repeatable=True)


async def test_a_kept_claim_is_extended_until_its_block_ends(database: Database, key: str) -> None:
    keeper = ClaimKeeper(PostgresSpeechClaims(database, seconds=1), extend_seconds=0.2)
    other = PostgresSpeechClaims(database, seconds=1)
    async with keeper.held(key):
        await asyncio.sleep(1.5)
        assert await other.claim(key) > 0
    assert await other.claim(key) == 0
    await keeper.close()


async def test_the_next_waits_until_the_claim_is_released(database: Database, key: str) -> None:
    one, two = (ClaimKeeper(PostgresSpeechClaims(database, seconds=HOUR)) for _ in range(2))
    order: list[str] = []

    async def work(keeper: ClaimKeeper, name: str) -> None:
        async with keeper.held(key):
            order.append(f"{name} begins")
            await asyncio.sleep(0.3)
            order.append(f"{name} ends")

    await asyncio.gather(work(one, "one"), work(two, "two"))
    assert order in (
        ["one begins", "one ends", "two begins", "two ends"],
        ["two begins", "two ends", "one begins", "one ends"],
    )
    await one.close()
    await two.close()


async def rows_of(database: Database, job_id: str) -> Sequence[tuple[str, int, int, int]]:
    statement = "select * from sayso.card_purchases where job_id = %(job_id)s order by engine"
    rows = await database.fetch(statement, {"job_id": job_id}, is_repeatable=True)
    return [(row["engine"], row["phrases"], row["cached"], row["characters"]) for row in rows]


async def test_purchases_add_up_by_day_job_and_engine(database: Database, job_id: str) -> None:
    purchases = PostgresPurchases(database)
    before = await purchases.totals()
    days = [await purchases.add(job_id, "openai", characters) for characters in (5, 7)]
    await purchases.add(job_id, "other", 1)
    assert abs(days[0] - datetime.now(UTC).date()) <= timedelta(days=1) if days[0] else False
    assert await rows_of(database, job_id) == [("openai", 0, 0, 12), ("other", 0, 0, 1)]
    after = await purchases.totals()
    assert after["openai"] - before.get("openai", 0) == 12


async def test_what_was_not_bought_is_taken_back_from_its_own_day(database: Database, job_id: str) -> None:
    purchases = PostgresPurchases(database)
    day = await purchases.add(job_id, "openai", 12)
    assert day is not None
    await purchases.take_back(job_id, "openai", 5, day=date(2001, 1, 1))
    await purchases.take_back(job_id, "openai", 5, day=day)
    assert await rows_of(database, job_id) == [("openai", 0, 0, 7)]
    await purchases.take_back(job_id, "openai", 100, day=day)
    assert await rows_of(database, job_id) == [("openai", 0, 0, 0)]


async def test_phrases_are_counted_soon(database: Database, job_id: str) -> None:
    purchases = PostgresPurchases(database)
    for is_cached in (True, False, True):
        purchases.count(job_id, "openai", is_cached=is_cached)
    purchases.count(job_id, "kokoro", is_cached=False)
    await purchases.close()
    assert await rows_of(database, job_id) == [("kokoro", 1, 0, 0), ("openai", 3, 2, 0)]


async def test_of_workers_that_buy_at_once_none_exceeds_the_daily_limit(database: Database, job_id: str) -> None:
    """Whatever was bought before; yesterday's purchases do not count."""
    unlimited = PostgresPurchases(database)
    statement = """
        insert into sayso.card_purchases (day, job_id, engine, characters)
        values ((clock_timestamp() at time zone 'UTC')::date - 1, %(job_id)s, 'openai', 1000000)
    """
    await database.fetch(statement, {"job_id": job_id}, is_repeatable=False)
    bought = sum((await unlimited.totals()).values())
    limited = [PostgresPurchases(database, daily_limit=bought + 25) for _ in range(4)]
    days = await asyncio.gather(*(each.add(job_id, "openai", 10) for each in limited))
    assert sum(day is not None for day in days) == 2
    assert await limited[0].add(job_id, "openai", 6) is None
    assert await limited[0].add(job_id, "openai", 5) is not None
    assert sum((await unlimited.totals()).values()) == bought + 25


async def test_a_paused_limit_grants_nothing_until_the_pause_ends(database: Database) -> None:
    name, limit = f"limit {uuid4()}", RateLimit(amount=1, interval_seconds=1e-6)
    one, two = (PausablePermits(database, PostgresPermits(database)) for _ in range(2))
    assert await one.take(name, limit, 1) == 0
    await one.pause(name, HOUR)
    await one.pause(name, 1)  # a shorter pause ends no longer one
    assert HOUR - 60 < await two.take(name, limit, 1) <= HOUR
    assert await two.take(f"{name} other", limit, 1) == 0

    async def granted() -> bool:
        return await two.take(name, limit, 1) == 0

    statement = "update sayso.rate_limits set free_at = clock_timestamp() where name like %(name)s"
    await database.fetch(statement, {"name": f"{name}%"}, is_repeatable=False)
    await until_true(granted)


async def test_a_delayed_limit_grants_its_next_permit_later(database: Database) -> None:
    name, limit = f"limit {uuid4()}", RateLimit(amount=1, interval_seconds=HOUR)
    store = PausablePermits(database, PostgresPermits(database))
    assert await store.take(name, limit, 1) == 0
    await store.delay(name, 600)
    assert HOUR + 540 < await store.take(name, limit, 1) <= HOUR + 600


async def test_a_lost_database_is_an_error_of_sayso(database: Database, key: str) -> None:
    """No exception of psycopg crosses; a text with a NUL cannot be stored."""
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: PostgresPurchases(database).add("a\0b", "openai", 1),
        lambda: PostgresSpeechClaims(database, seconds=1).claim(f"{key}\0"),
    ]
    for call in calls:
        with pytest.raises(SaysoError):
            await call()
