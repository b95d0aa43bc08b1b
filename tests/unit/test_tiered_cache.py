"""A cache near by with one far away behind it: the far one is asked last, and never waited for when there is work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sayso.shared_cache import TieredCache
from support.waiting import WAIT_SECONDS, threads_since

if TYPE_CHECKING:
    from collections.abc import Iterator


class Memory:
    """A cache in memory that can be held up, and remembers what it was asked."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.lets_through = threading.Event()
        self.lets_through.set()
        self.is_writing = threading.Event()

    def get(self, key: str) -> bytes | None:
        self.asked.append(key)
        return self.kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.is_writing.set()
        self.lets_through.wait(WAIT_SECONDS)
        self.kept[key] = data

    def close(self, timeout_seconds: float) -> None:
        """Nothing is under way."""


@pytest.fixture
def near() -> Memory:
    return Memory()


@pytest.fixture
def far() -> Iterator[Memory]:
    cache = Memory()
    yield cache
    cache.lets_through.set()


def test_what_is_near_is_not_asked_for_far_away(near: Memory, far: Memory) -> None:
    """The far cache is asked only for what the near one lacks, and once, since it is kept near by then."""
    cache = TieredCache(near, far)
    near.kept["a"], far.kept["b"] = b"near", b"far"
    assert [cache.get(key) for key in ("a", "b", "b", "c")] == [b"near", b"far", b"far", None]
    assert far.asked == ["b", "c"]


def test_nobody_waits_for_the_far_cache(near: Memory, far: Memory) -> None:
    """While the far cache takes its time, what is put is near by at once, and far away in the end."""
    far.lets_through.clear()
    cache = TieredCache(near, far)
    for number in range(5):
        cache.put(str(number), b"data")
    assert len(near.kept) == 5
    assert not far.kept
    far.lets_through.set()
    cache.close(WAIT_SECONDS)
    assert far.kept == near.kept


def test_what_waits_is_bounded(near: Memory, far: Memory) -> None:
    """When the far cache does not keep up, entries are left out there, which is said once."""
    far.lets_through.clear()
    cache = TieredCache(near, far, waiting_bytes=100)
    with capture_logs() as logs:
        for number in range(5):
            cache.put(str(number), bytes(40))
    assert [log["event"] for log in logs] == ["shared cache does not keep up"]
    assert len(near.kept) == 5
    far.lets_through.set()
    cache.close(WAIT_SECONDS)
    assert list(far.kept) == ["0", "1"]


def test_room_is_given_back(near: Memory, far: Memory) -> None:
    """What has been sent makes room for what comes next."""
    cache = TieredCache(near, far, waiting_bytes=100)
    for number in range(50):
        far.is_writing.clear()
        cache.put(str(number), bytes(60))
        assert far.is_writing.wait(WAIT_SECONDS)
        with cache._changed:
            assert cache._changed.wait_for(lambda: cache._room_bytes == 100, WAIT_SECONDS)
    cache.close(WAIT_SECONDS)
    assert len(far.kept) == 50


def test_closing_waits_no_longer_than_it_may(near: Memory, far: Memory) -> None:
    """A far cache that hangs does not keep the process from ending, and gets nothing afterwards."""
    far.lets_through.clear()
    cache = TieredCache(near, far)
    for number in range(3):
        cache.put(str(number), b"data")
    assert far.is_writing.wait(WAIT_SECONDS)
    cache.close(0.0)
    far.lets_through.set()
    cache.close(WAIT_SECONDS)
    cache.put("late", b"data")
    assert list(far.kept) == ["0"]
    assert near.kept.keys() == {"0", "1", "2", "late"}


def test_closing_what_was_never_used_is_nothing(near: Memory, far: Memory) -> None:
    """Where nothing was put, there is no thread to wait for."""
    before = threading.enumerate()
    TieredCache(near, far).close(WAIT_SECONDS)
    assert threads_since(before) == []
