"""Compare what was received, or what is on the volume, with the checksums of the bucket and of manifests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import OutputFailed
from sayso.modelsync.checksums.content import Expected, Unverifiable
from sayso.modelsync.checksums.range_hashes import OWN_ALGORITHM, FileHash, Range, RangeHash, ranges_of
from sayso.modelsync.transfers.partial_files import read_into
from sayso.modelsync.volume.directories import local_stat, volume_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sayso.modelsync.checksums.content import Expectation
    from sayso.modelsync.records import Checksum, ChecksumAlgorithm, LocalStat
    from sayso.modelsync.volume.directories import VolumeRoot

_READ_BYTES = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """What a content must be.

    Attributes:
        expectation: the checksum of the bucket, or why there is none.
        given: the checksums of a manifest, or of an earlier look at the bucket.
    """

    expectation: Expectation
    given: tuple[Checksum, ...] = ()

    def hashes(
        self, size_bytes: int, *, range_bytes: int, read_into: Callable[[memoryview, int], int]
    ) -> tuple[list[Range], FileHash]:
        """The ranges in which a content is hashed, and what hashes them."""
        whole: set[ChecksumAlgorithm] = {OWN_ALGORITHM, *(checksum.algorithm for checksum in self.given)}
        composite = None
        expected = self.expectation
        if isinstance(expected, Expected):
            if expected.part_bytes is None:
                whole.add(expected.algorithm)
            else:
                composite = (expected.algorithm, expected.part_bytes)
        part_bytes = None if composite is None else composite[1]
        ranges = ranges_of(size_bytes, range_bytes=range_bytes, part_bytes=part_bytes)
        return ranges, FileHash(ranges, whole=whole, composite=composite, read_into=read_into)

    def compare(self, content: FileHash) -> Comparison:
        """The outcome for a content that is hashed completely.

        Raises:
            OSError: the file cannot be read.
        """
        whole = content.whole()
        digests = {checksum.algorithm: checksum.digest for checksum in whole}
        return Comparison(
            checksums=whole,
            by_bucket=self._by_bucket(digests, content.composite()),
            by_given=all(digests[each.algorithm] == each.digest for each in self.given) if self.given else None,
            reason=self._reason(),
        )

    def _by_bucket(self, digests: dict[ChecksumAlgorithm, str], composite: str | None) -> bool | None:
        expected = self.expectation
        if isinstance(expected, Unverifiable):
            return None
        found = digests[expected.algorithm] if expected.part_bytes is None else composite
        is_equal = found == expected.digest
        return True if is_equal else (False if expected.is_certain else None)

    def _reason(self) -> str:
        expected = self.expectation
        return expected.reason if isinstance(expected, Unverifiable) else "it was uploaded in parts of unknown size"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What came of a comparison.

    Attributes:
        checksums: of the content.
        by_bucket: whether it is the object, by the checksum of the bucket; None if that cannot be said.
        by_given: whether it is what a manifest says; None if there is none.
        reason: why the bucket's checksum may say nothing.
    """

    checksums: tuple[Checksum, ...]
    by_bucket: bool | None
    by_given: bool | None
    reason: str

    @property
    def is_verified(self) -> bool:
        """Whether something was compared, and is equal."""
        return self.is_equal is True

    @property
    def is_equal(self) -> bool | None:
        """Whether the content is the right one; None if nothing can be compared."""
        said = [each for each in (self.by_bucket, self.by_given) if each is not None]
        return all(said) if said else None


def compare_file(root: VolumeRoot, path: str, requirement: Requirement) -> tuple[Comparison, LocalStat]:
    """Read a file of the volume, and compare it; blocks.

    Returns:
        The outcome, and by what the file that was read is recognised.

    Raises:
        OutputFailed: it cannot be read, or was changed meanwhile.
    """
    try:
        opened = root.open(path, os.O_RDONLY)
        try:
            before = local_stat(os.fstat(opened))
            comparison = _read(opened, before.size_bytes, requirement)
            if local_stat(os.fstat(opened)) != before:
                raise OutputFailed(f"{path} was changed while it was read.")
        finally:
            os.close(opened)
    except OSError as error:
        raise volume_error(error, path) from error
    return comparison, before


def given_checksums(*sources: Iterable[Checksum]) -> tuple[Checksum, ...]:
    """The checksums of whole contents; of an algorithm that several sources have, the first."""
    found: dict[ChecksumAlgorithm, Checksum] = {}
    for source in sources:
        for checksum in source:
            if checksum.is_full_object:
                found.setdefault(checksum.algorithm, checksum)
    return tuple(found.values())


def _read(opened: int, size_bytes: int, requirement: Requirement) -> Comparison:
    ranges, content = requirement.hashes(
        size_bytes, range_bytes=_READ_BYTES, read_into=lambda buffer, position: read_into(opened, buffer, position)
    )
    buffer = memoryview(bytearray(_READ_BYTES))
    for each in ranges:
        hashing = RangeHash(content.algorithms)
        filled = 0
        while filled < each.length:
            count = read_into(opened, buffer[: each.length - filled], each.start + filled)
            if not count:
                raise OSError("the file became shorter while it was read")
            hashing.update(buffer[:count])
            filled += count
        content.add(each, hashing.values())
    return requirement.compare(content)
