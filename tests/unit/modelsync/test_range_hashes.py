"""Files are hashed while their ranges arrive in any order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.modelsync.checksums.content import composite_hex, new_hash
from sayso.modelsync.checksums.range_hashes import FileHash, Range, RangeHash, ranges_of
from sayso.modelsync.records import ChecksumAlgorithm

if TYPE_CHECKING:
    import random


class Disk:
    """A file in memory whose ranges are written one by one."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.written = bytearray(len(content))

    def write(self, part: Range) -> None:
        """Write one range."""
        self.written[part.start : part.end] = self.content[part.start : part.end]

    def read_into(self, buffer: memoryview, position: int) -> int:
        """Read what was written."""
        data = self.written[position : position + len(buffer)]
        buffer[: len(data)] = data
        return len(data)


def fetch(disk: Disk, content: FileHash, part: Range) -> None:
    """What a transfer does with a range."""
    hashing = RangeHash(content.algorithms)
    middle = part.start + part.length // 2
    hashing.update(disk.content[part.start : middle])
    hashing.update(disk.content[middle : part.end])
    disk.write(part)
    content.add(part, hashing.values())


@given(st.integers(0, 200), st.integers(1, 50), st.none() | st.integers(1, 60))
def test_ranges_cover_a_file_once_and_respect_its_parts(size: int, range_bytes: int, part_bytes: int | None) -> None:
    """In order, without gaps, none over the end of a part."""
    ranges = ranges_of(size, range_bytes=range_bytes, part_bytes=part_bytes)
    position = 0
    for each in ranges:
        assert each.start == position
        assert 0 < each.length <= range_bytes
        if part_bytes is not None:
            assert each.start // part_bytes == (each.end - 1) // part_bytes
        position = each.end
    assert position == size


@given(
    st.binary(max_size=400),
    st.integers(1, 90),
    st.integers(1, 120),
    st.sampled_from(list(ChecksumAlgorithm)),
    st.randoms(use_true_random=False),
)
def test_ranges_in_any_order_give_the_checksums_of_the_whole(
    content: bytes, range_bytes: int, part_bytes: int, algorithm: ChecksumAlgorithm, chance: random.Random
) -> None:
    """By every algorithm, and the composite checksum of the parts."""
    disk = Disk(content)
    ranges = ranges_of(len(content), range_bytes=range_bytes, part_bytes=part_bytes)
    hashing = FileHash(
        ranges, whole=list(ChecksumAlgorithm), composite=(algorithm, part_bytes), read_into=disk.read_into
    )
    for each in chance.sample(ranges, len(ranges)):
        fetch(disk, hashing, each)
    assert {checksum.algorithm: checksum.digest for checksum in hashing.whole()} == {
        each: digest_of(each, content) for each in ChecksumAlgorithm
    }
    assert all(checksum.is_full_object for checksum in hashing.whole())
    parts = [content[start : start + part_bytes] for start in range(0, len(content), part_bytes)]
    assert hashing.composite() == composite_hex(algorithm, [digest_of(algorithm, part) for part in parts])


def digest_of(algorithm: ChecksumAlgorithm, content: bytes) -> str:
    """The checksum of bytes in one piece."""
    one = new_hash(algorithm)
    one.update(content)
    return one.hexdigest()


def test_ranges_may_come_from_many_threads() -> None:
    """At once; each algorithm sees the bytes in order."""
    content = bytes(range(251)) * 2_000
    disk = Disk(content)
    ranges = ranges_of(len(content), range_bytes=1_000)
    hashing = FileHash(ranges, whole=list(ChecksumAlgorithm), composite=None, read_into=disk.read_into)
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        barrier.wait()
        for each in ranges[number::4]:
            fetch(disk, hashing, each)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert {checksum.algorithm: checksum.digest for checksum in hashing.whole()} == {
        each: digest_of(each, content) for each in ChecksumAlgorithm
    }
    assert hashing.composite() is None


def test_a_file_that_became_shorter_is_an_error() -> None:
    """Something else truncated it."""
    disk = Disk(b"0123456789")
    ranges = ranges_of(10, range_bytes=5)
    hashing = FileHash(ranges, whole=[ChecksumAlgorithm.SHA256], composite=None, read_into=lambda _buffer, _start: 0)
    with pytest.raises(OSError, match="shorter"):
        fetch(disk, hashing, ranges[0])
