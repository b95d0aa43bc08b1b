"""The rate limit of a key."""

from __future__ import annotations

import asyncio

import pytest

from sayso.cards.key_permits import KeyPermits, Permit
from sayso.testing import InMemoryPermits
from support.waiting import until

KEY = "sk-proj-secret"


class Clock:
    """A clock that a slow database moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Store(InMemoryPermits):
    """Grants whatever is asked, after a while."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.clock = clock
        self.takes_seconds = 0.02
        self.paused: list[tuple[str, float]] = []
        self.delayed: list[tuple[str, float]] = []
        self.takes = 0

    async def take(self, *_: object) -> float:
        self.takes += 1
        self.clock.now += self.takes_seconds
        return 0.0

    async def pause(self, name: str, seconds: float) -> None:
        self.paused.append((name, seconds))

    async def delay(self, name: str, seconds: float) -> None:
        self.delayed.append((name, seconds))


@pytest.fixture
def store() -> Store:
    return Store(Clock())


def permits(store: Store, *, interval_seconds: float = 0.5, base_url: str | None = None, key: str = KEY) -> KeyPermits:
    return KeyPermits(store, api_key=key, base_url=base_url, interval_seconds=interval_seconds, clock=store.clock)


def test_a_key_and_its_address_have_a_name_that_does_not_show_them(store: Store) -> None:
    names = {
        permits(store, base_url=url, key=key).name for url in (None, "https://example.com/v1") for key in (KEY, "sk-2")
    }
    assert len(names) == 4
    assert not any("sk-" in name or "example" in name for name in names)
    assert permits(store).name == permits(store, interval_seconds=9).name


async def delays(store: Store, limited: KeyPermits) -> list[float]:
    """By how much permits were delayed."""
    await until(lambda: not limited._delaying)
    assert {name for name, _ in store.delayed} <= {limited.name}
    return [round(seconds, 6) for _, seconds in store.delayed]


async def leave(limited: KeyPermits, permit: Permit) -> None:
    """Have a request leave, and what follows begin."""
    await limited.departure(permit)()
    await asyncio.sleep(0)


async def test_a_request_that_leaves_at_once_delays_nothing(store: Store) -> None:
    limited = permits(store)
    permit = await limited.acquire()
    store.clock.now += 0.024
    await leave(limited, permit)
    assert await delays(store, limited) == []


async def test_a_request_that_leaves_late_delays_the_next_permit(store: Store) -> None:
    limited = permits(store)
    permit = await limited.acquire()
    store.clock.now += 0.1
    await leave(limited, permit)
    assert await delays(store, limited) == [0.1]
    assert store.takes == 1


async def test_a_permit_that_took_longer_than_usual_to_arrive_counts_as_late(store: Store) -> None:
    limited = permits(store)
    await limited.acquire()
    store.takes_seconds = 0.1
    await leave(limited, await limited.acquire())
    assert await delays(store, limited) == [0.08]


async def test_a_request_that_is_too_late_waits_for_another_permit(store: Store) -> None:
    """After half of the interval."""
    limited = permits(store)
    permit = await limited.acquire()
    store.clock.now += 0.3
    await leave(limited, permit)
    assert await delays(store, limited) == []
    assert store.takes == 2


async def test_a_request_leaves_in_the_end(store: Store) -> None:
    limited = permits(store)
    permit = await limited.acquire()
    store.clock.now += 1
    store.takes_seconds = 3
    await leave(limited, permit)
    assert store.takes == 6
    assert await delays(store, limited) == [0.5]


async def test_a_slow_database_is_usual_after_a_while(store: Store) -> None:
    limited = permits(store)
    await limited.acquire()
    store.takes_seconds = 0.4
    for _ in range(64):
        await limited.acquire()
    assert (await limited.acquire()).late_seconds == pytest.approx(0, abs=1e-6)


async def test_without_an_interval_permits_do_not_expire(store: Store) -> None:
    limited = permits(store, interval_seconds=0)
    permit = await limited.acquire()
    store.clock.now += 3600
    await leave(limited, permit)
    assert await delays(store, limited) == []
    assert store.takes == 1


async def test_a_pause_is_of_the_key(store: Store) -> None:
    limited = permits(store)
    await limited.pause(7)
    assert store.paused == [(limited.name, 7)]
