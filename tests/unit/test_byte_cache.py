"""The cache of bytes in a directory: what it forgets, and what it must never return."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sayso.cache import DirectoryCache, NoCache

if TYPE_CHECKING:
    from pathlib import Path


def cache_in(directory: Path, maximum_bytes: int = 10**9) -> DirectoryCache:
    return DirectoryCache(directory, maximum_bytes=maximum_bytes)


def key(number: int) -> str:
    return f"{number:064x}"


def content(number: int) -> bytes:
    return number.to_bytes(2, "big") * 2500


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def entries(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def age(directory: Path, number: int) -> None:
    """Make an entry look as if it was last used at a time that its number tells."""
    os.utime(next(directory.rglob(f"{key(number)}*")), (number, number))


def test_a_cache_that_keeps_nothing_has_nothing() -> None:
    """`--no-cache` finds nothing, not even what this process put."""
    cache = NoCache()
    cache.put(key(1), b"x")
    assert cache.get(key(1)) is None


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "garbage", "append"])
def test_a_damaged_entry_is_a_miss(directory: Path, damage: str) -> None:
    """An entry that is cut short, altered, emptied, replaced or lengthened is a miss, and is removed."""
    cache = cache_in(directory)
    cache.put(key(1), content(1))
    (path,) = entries(directory)
    data = bytearray(path.read_bytes())
    match damage:
        case "truncate":
            del data[-7:]
        case "flip":
            data[len(data) // 2] ^= 1
        case "empty":
            data.clear()
        case "garbage":
            data = bytearray(os.urandom(200))
        case "append":
            data += b"\0"
    path.write_bytes(data)
    assert cache.get(key(1)) is None
    assert not path.exists()


def test_the_directory_stays_below_its_bound(directory: Path) -> None:
    """However much is kept, the directory holds no more than its bound, and the newest entries."""
    cache = cache_in(directory, maximum_bytes=60_000)
    for number in range(40):
        cache.put(key(number), content(number))
        age(directory, number)
    assert sum(path.stat().st_size for path in entries(directory)) <= 60_000
    assert cache.get(key(39)) == content(39)
    assert cache.get(key(0)) is None


def test_what_is_used_is_kept_longest(directory: Path) -> None:
    """The entry that was used last outlives those that were made after it."""
    cache = cache_in(directory, maximum_bytes=30_000)
    for number in range(5):
        cache.put(key(number), content(number))
        age(directory, number)
    cache.get(key(0))
    for number in range(5, 9):
        cache.put(key(number), content(number))
    assert cache.get(key(0)) == content(0)
    assert cache.get(key(1)) is None


def test_a_new_process_counts_what_is_there(directory: Path) -> None:
    """The bound holds over processes: what an earlier one left is counted."""
    first = cache_in(directory)
    for number in range(20):
        first.put(key(number), content(number))
    cache_in(directory, maximum_bytes=30_000).put(key(99), content(99))
    assert sum(path.stat().st_size for path in entries(directory)) <= 30_000


def test_what_a_killed_process_left_is_cleared_away(directory: Path) -> None:
    """A half-written file of a process that was killed counts towards the bound and goes with the oldest."""
    cache = cache_in(directory, maximum_bytes=30_000)
    cache.put(key(1), content(1))
    (path,) = entries(directory)
    left_over = path.parent / ".abc.partial"
    left_over.write_bytes(bytes(20_000))
    os.utime(left_over, (0, 0))
    for number in range(2, 8):
        cache.put(key(number), content(number))
    assert not left_over.exists()


def test_threads_share_a_cache(directory: Path) -> None:
    """Many threads that write and read the same few entries see whole ones or none."""
    cache = cache_in(directory, maximum_bytes=40_000)
    wrong: list[int] = []

    def use(seed: int) -> None:
        for number in range(60):
            which = (number + seed) % 12
            cache.put(key(which), content(which))
            if cache.get(key(which)) not in {None, content(which)}:
                wrong.append(which)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_cache_that_cannot_be_written_says_so_once(tmp_path: Path) -> None:
    """No place to write costs the cache, never the work: it is logged once, and nothing is there."""
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    cache = cache_in(blocked / "cache")
    with capture_logs() as logs:
        cache.put(key(1), b"x")
        cache.put(key(2), b"x")
    assert [log["event"] for log in logs] == ["cache not written"]
    assert cache.get(key(1)) is None
