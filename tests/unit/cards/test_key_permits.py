"""The rate limit of a key."""

from __future__ import annotations

import pytest

from sayso.cards.key_permits import KeyPermits, PermitExpired
from sayso.testing import InMemoryPermits

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

    async def take(self, *_: object) -> float:
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
    permit.check()
    store.clock.now += 0.024
    permit.check()
    store.clock.now += 0.002
    with pytest.raises(PermitExpired):
        permit.check()


async def test_a_permit_that_took_longer_than_usual_to_arrive_has_less_time(store: Store) -> None:
    limited = permits(store)
    for _ in range(3):
        (await limited.acquire()).check()
    store.takes_seconds = 0.06
    with pytest.raises(PermitExpired):
        (await limited.acquire()).check()


async def test_a_slow_database_is_usual_after_a_while(store: Store) -> None:
    limited = permits(store)
    await limited.acquire()
    store.takes_seconds = 0.2
    for _ in range(64):
        await limited.acquire()
    (await limited.acquire()).check()


async def test_without_an_interval_permits_do_not_expire(store: Store) -> None:
    permit = await permits(store, interval_seconds=0).acquire()
    store.clock.now += 3600
    permit.check()


async def test_a_pause_is_of_the_key(store: Store) -> None:
    limited = permits(store)
    await limited.pause(7)
    assert store.paused == [(limited.name, 7)]
