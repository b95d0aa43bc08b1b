"""The rate limit of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cards.key_permits import KeyPermits
from sayso.testing import InMemoryPermits

if TYPE_CHECKING:
    from sayso.resilience.shared_permits import RateLimit

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
        self.intervals_seconds: list[float] = []

    async def take(self, _name: str, limit: RateLimit, _cost: int) -> float:
        self.intervals_seconds.append(limit.interval_seconds)
        self.clock.now += self.takes_seconds
        return 0.0

    async def pause(self, name: str, seconds: float) -> None:
        self.paused.append((name, seconds))


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


async def test_a_permit_expires_when_it_is_not_used_at_once(store: Store) -> None:
    permit = await permits(store).acquire()
    assert permit.is_valid
    store.clock.now += 0.024
    assert permit.is_valid
    store.clock.now += 0.002
    assert not permit.is_valid


async def test_a_permit_that_took_longer_than_usual_to_arrive_has_less_time(store: Store) -> None:
    limited = permits(store)
    for _ in range(3):
        assert (await limited.acquire()).is_valid
    store.takes_seconds = 0.06
    assert not (await limited.acquire()).is_valid


async def test_a_slow_database_is_usual_after_a_while(store: Store) -> None:
    limited = permits(store)
    await limited.acquire()
    store.takes_seconds = 0.2
    for _ in range(64):
        await limited.acquire()
    assert (await limited.acquire()).is_valid


async def test_without_an_interval_permits_do_not_expire(store: Store) -> None:
    permit = await permits(store, interval_seconds=0).acquire()
    store.clock.now += 3600
    assert permit.is_valid


async def test_a_request_that_is_late_waits_for_a_permit_with_more_time(store: Store) -> None:
    """Each that expires is followed by one that is further from the next, and so has more time."""
    limited = permits(store)
    departure = limited.departure(await limited.acquire())
    await departure()
    assert len(store.intervals_seconds) == 1
    store.clock.now += 1
    store.takes_seconds = 0.1
    await departure()
    assert store.intervals_seconds == pytest.approx([0.525, 0.55, 0.6])


async def test_a_request_leaves_in_the_end(store: Store) -> None:
    limited = permits(store)
    departure = limited.departure(await limited.acquire())
    store.clock.now += 1
    store.takes_seconds = 3
    await departure()
    assert len(store.intervals_seconds) == 6


async def test_a_pause_is_of_the_key(store: Store) -> None:
    limited = permits(store)
    await limited.pause(7)
    assert store.paused == [(limited.name, 7)]
