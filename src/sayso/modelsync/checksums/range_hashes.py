"""Hash a file while its ranges arrive in any order, from several threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.modelsync.checksums.content import CrcHash, combine_crc, composite_hex, crc_hex, is_crc, new_hash
from sayso.modelsync.records import Checksum, ChecksumAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sayso.modelsync.checksums.content import Buffer, ContentHash

_READ_BYTES = 2**20

OWN_ALGORITHM = ChecksumAlgorithm.CRC64NVME
"""Is calculated of every file, so that the journal can recognise damage on the volume: it costs almost nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bytes of a file, from ``start`` on, ``length`` of them."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The position after the last byte."""
        return self.start + self.length


def ranges_of(size_bytes: int, *, range_bytes: int, part_bytes: int | None = None) -> list[Range]:
    """The ranges in which a file is fetched; none reaches over the end of a part, so that parts can be verified.

    Args:
        size_bytes: of the file.
        range_bytes: the largest range.
        part_bytes: the size of the parts whose checksums are needed; None for none.
    """
    parts = [
        Range(start=start, length=min(part_bytes or size_bytes, size_bytes - start))
        for start in range(0, size_bytes, part_bytes or max(size_bytes, 1))
    ]
    return [
        Range(start=start, length=min(range_bytes, part.end - start))
        for part in parts
        for start in range(part.start, part.end, range_bytes)
    ]


class RangeHash:
    """The CRCs of one range while it arrives in order; for one thread."""

    def __init__(self, algorithms: Collection[ChecksumAlgorithm]) -> None:
        self._hashes = {algorithm: CrcHash(algorithm) for algorithm in algorithms if is_crc(algorithm)}

    def update(self, data: Buffer) -> None:
        """Add the next bytes."""
        for content in self._hashes.values():
            content.update(data)

    def values(self) -> Mapping[ChecksumAlgorithm, int]:
        """The CRC of the range by each algorithm."""
        return {algorithm: content.value for algorithm, content in self._hashes.items()}


class FileHash:
    """The checksums of a file whose ranges are written in any order; any thread may add ranges.

    The CRCs come from the ranges as they were received. For the other algorithms the file is read back, from the
    system's cache, as far as it is complete from its beginning.

    Args:
        ranges: all ranges of the file, in order, as `ranges_of` cuts them.
        whole: the algorithms of checksums of the whole file.
        composite: the algorithm of a checksum of parts, and the size of a part; None for none.
        read_into: fills a buffer from a position of the file, and returns how many bytes it read.
    """

    def __init__(
        self,
        ranges: list[Range],
        *,
        whole: Collection[ChecksumAlgorithm],
        composite: tuple[ChecksumAlgorithm, int] | None,
        read_into: Callable[[memoryview, int], int],
    ) -> None:
        self._ranges = ranges
        self._crcs: dict[int, Mapping[ChecksumAlgorithm, int]] = {}
        self._whole_crcs = {algorithm for algorithm in whole if is_crc(algorithm)}
        self._composite = composite
        self._ordered = _OrderedHashes(whole, composite, read_into)
        self._lock = threading.Lock()
        self._contiguous = 0  # how many ranges from the beginning are complete

    @property
    def algorithms(self) -> Collection[ChecksumAlgorithm]:
        """The algorithms that `RangeHash` must calculate for each range."""
        parts = {self._composite[0]} if self._composite is not None and is_crc(self._composite[0]) else set()
        return self._whole_crcs | parts

    def add(self, written: Range, values: Mapping[ChecksumAlgorithm, int]) -> None:
        """Note a range that has been written to the file.

        Raises:
            OSError: the file cannot be read.
        """
        with self._lock:
            self._crcs[written.start] = values
            while self._contiguous < len(self._ranges) and self._ranges[self._contiguous].start in self._crcs:
                self._contiguous += 1
            complete_bytes = self._ranges[self._contiguous - 1].end if self._contiguous else 0
        self._ordered.advance(complete_bytes)

    def whole(self) -> tuple[Checksum, ...]:
        """The checksums of the whole file, once all ranges were added.

        Raises:
            OSError: the file cannot be read.
        """
        self._ordered.finish()
        crcs = [
            Checksum(algorithm=algorithm, digest=crc_hex(algorithm, self._combined(algorithm, self._ranges)))
            for algorithm in sorted(self._whole_crcs)
        ]
        return (*crcs, *self._ordered.whole())

    def composite(self) -> str | None:
        """The composite checksum, once all ranges were added; None if none was asked for."""
        if self._composite is None:
            return None
        algorithm, part_bytes = self._composite
        if not is_crc(algorithm):
            self._ordered.finish()
            return composite_hex(algorithm, self._ordered.part_digests)
        parts: dict[int, list[Range]] = {}
        for each in self._ranges:
            parts.setdefault(each.start // part_bytes, []).append(each)
        digests = [crc_hex(algorithm, self._combined(algorithm, ranges)) for _, ranges in sorted(parts.items())]
        return composite_hex(algorithm, digests)

    def _combined(self, algorithm: ChecksumAlgorithm, ranges: list[Range]) -> int:
        value = 0
        for each in ranges:
            value = combine_crc(algorithm, value, self._crcs[each.start][algorithm], each.length)
        return value


class _OrderedHashes:
    """The checksums that need the content in order: one thread at a time reads on as far as the file is complete."""

    def __init__(
        self,
        whole: Collection[ChecksumAlgorithm],
        composite: tuple[ChecksumAlgorithm, int] | None,
        read_into: Callable[[memoryview, int], int],
    ) -> None:
        self._whole: dict[ChecksumAlgorithm, ContentHash] = {
            algorithm: new_hash(algorithm) for algorithm in sorted(whole) if not is_crc(algorithm)
        }
        self._composite = composite if composite is not None and not is_crc(composite[0]) else None
        self._part: ContentHash | None = None
        self.part_digests: list[str] = []
        self._read_into = read_into
        self._position = 0
        self._complete_bytes = 0
        self._reading = threading.Lock()

    def advance(self, complete_bytes: int) -> None:
        """Hash up to a position, unless another thread is at it: it goes on as far as it finds complete."""
        self._complete_bytes = max(self._complete_bytes, complete_bytes)
        if not self._is_needed() or not self._reading.acquire(blocking=False):
            return
        try:
            self._read_on()
        finally:
            self._reading.release()

    def finish(self) -> None:
        """Hash what is left, and close the last part."""
        if not self._is_needed():
            return
        with self._reading:
            self._read_on()
            self._close_part()

    def whole(self) -> tuple[Checksum, ...]:
        return tuple(Checksum(algorithm=each, digest=content.hexdigest()) for each, content in self._whole.items())

    def _is_needed(self) -> bool:
        return bool(self._whole) or self._composite is not None

    def _read_on(self) -> None:
        buffer = memoryview(bytearray(_READ_BYTES))
        while self._position < self._complete_bytes:
            wanted = min(len(buffer), self._complete_bytes - self._position, self._left_in_part())
            count = self._read_into(buffer[:wanted], self._position)
            if not count:
                raise OSError("the file is shorter than what was written to it")
            self._update(buffer[:count])

    def _left_in_part(self) -> int:
        if self._composite is None:
            return _READ_BYTES
        return self._composite[1] - self._position % self._composite[1]

    def _update(self, data: memoryview) -> None:
        for content in self._whole.values():
            content.update(data)
        self._position += len(data)
        if self._composite is None:
            return
        algorithm, part_bytes = self._composite
        if self._part is None:
            self._part = new_hash(algorithm)
        self._part.update(data)
        if self._position % part_bytes == 0:
            self._close_part()

    def _close_part(self) -> None:
        if self._part is not None:
            self.part_digests.append(self._part.hexdigest())
            self._part = None
