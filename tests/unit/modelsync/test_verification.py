"""Files that are on the volume are compared with their objects, and everything on it is seen."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from sayso.errors import OutputFailed
from sayso.modelsync.checksums.content import Expected, Unverifiable, composite_hex
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, FileKind
from sayso.modelsync.transfers import partial_files, verification
from sayso.modelsync.transfers.verification import Requirement, compare_file, given_checksums
from sayso.modelsync.volume.capabilities import probe_volume
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.publish import Publisher
from sayso.modelsync.volume.scan import scan_volume
from sayso.modelsync.volume.sets import SetStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = hashlib.shake_128(b"content").digest(5 * 2**19)
SHA = Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=hashlib.sha256(CONTENT).hexdigest())
OTHER = Checksum(algorithm=ChecksumAlgorithm.SHA256, digest="0" * 64)
UNKNOWN = Unverifiable(reason="it has no checksum")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    (tmp_path / "file").write_bytes(CONTENT)
    with VolumeRoot(tmp_path) as opened:
        yield opened


def expected(digest: str, *, part_bytes: int | None = None, is_certain: bool = True) -> Expected:
    """An MD5 that the content should have."""
    return Expected(algorithm=ChecksumAlgorithm.MD5, digest=digest, part_bytes=part_bytes, is_certain=is_certain)


PART = 700_000
MD5 = hashlib.md5(CONTENT).hexdigest()  # noqa: S324 -- an ETag
PARTS = composite_hex(
    ChecksumAlgorithm.MD5,
    [hashlib.md5(CONTENT[start : start + PART]).hexdigest() for start in range(0, len(CONTENT), PART)],  # noqa: S324
)


@pytest.mark.parametrize(
    ("requirement", "is_equal"),
    [
        (Requirement(expectation=expected(MD5)), True),
        (Requirement(expectation=expected("0" * 32)), False),
        (Requirement(expectation=expected(PARTS, part_bytes=PART)), True),
        (Requirement(expectation=expected(PARTS, part_bytes=PART + 1)), False),
        (Requirement(expectation=expected(PARTS, part_bytes=PART + 1, is_certain=False)), None),
        (Requirement(expectation=UNKNOWN), None),
        (Requirement(expectation=UNKNOWN, given=(SHA,)), True),
        (Requirement(expectation=UNKNOWN, given=(OTHER,)), False),
        (Requirement(expectation=expected(MD5), given=(SHA,)), True),
        (Requirement(expectation=expected(MD5), given=(OTHER,)), False),
    ],
)
def test_a_file_is_compared_with_its_object(
    root: VolumeRoot, requirement: Requirement, *, is_equal: bool | None
) -> None:
    """By the checksum of the bucket and that of a manifest; what cannot be compared is neither equal nor different."""
    comparison, found = compare_file(root, "file", requirement)
    assert comparison.is_equal is is_equal
    assert comparison.is_verified is (is_equal is True)
    assert found.size_bytes == len(CONTENT)
    assert ChecksumAlgorithm.CRC64NVME in {each.algorithm for each in comparison.checksums}


def test_a_file_that_changes_while_it_is_read_is_an_error(
    root: VolumeRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checksums would be of no content that there ever was."""
    read_into = partial_files.read_into

    def changing(descriptor: int, buffer: memoryview, position: int) -> int:
        os.utime(tmp_path / "file", ns=(1, 1))
        return read_into(descriptor, buffer, position)

    monkeypatch.setattr(verification, "read_into", changing)
    with pytest.raises(OutputFailed, match="changed"):
        compare_file(root, "file", Requirement(expectation=UNKNOWN))


def test_a_file_that_is_not_there_or_is_a_link_is_an_error(root: VolumeRoot, tmp_path: Path) -> None:
    """A link is never followed."""
    (tmp_path / "link").symlink_to("file")
    for path in ("missing", "link"):
        with pytest.raises(OutputFailed):
            compare_file(root, path, Requirement(expectation=UNKNOWN))


def test_given_checksums_are_of_the_whole_and_the_first_wins() -> None:
    """A manifest's before the bucket's."""
    composite = Checksum(algorithm=ChecksumAlgorithm.CRC32, digest="aa-2", is_full_object=False)
    assert given_checksums((SHA,), (OTHER, composite)) == (SHA,)


def test_a_scan_sees_everything_and_enters_only_links_of_sets(root: VolumeRoot, tmp_path: Path) -> None:
    """Not Sayso's own directory, and no foreign link."""
    abilities = probe_volume(root)
    store = SetStore(root, abilities, Publisher(root, abilities))
    building = tmp_path / store.building("a/set/", "v1")
    (building / "deep").mkdir(parents=True)
    (building / "deep/weights.bin").write_bytes(b"x")
    store.publish("a/set/", "v1", ["deep/weights.bin"])
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "copy").symlink_to((tmp_path / "a/set").readlink())
    (tmp_path / "empty").mkdir()
    scan = scan_volume(root)
    assert scan.is_complete
    assert {path: entry.kind for path, entry in scan.entries.items()} == {
        "file": FileKind.FILE,
        "a": FileKind.DIRECTORY,
        "a/set": FileKind.SYMLINK,
        "a/set/deep": FileKind.DIRECTORY,
        "a/set/deep/weights.bin": FileKind.FILE,
        "loop": FileKind.SYMLINK,
        "copy": FileKind.SYMLINK,
        "empty": FileKind.DIRECTORY,
    }
    assert scan.entries["file"].stat.size_bytes == len(CONTENT)
    store.withdraw("a/set/")
    store.withdraw("a/set/")
    assert "a/set" not in scan_volume(root).entries
    assert store.versions("a/set/") == ["v1"]


def test_a_directory_that_cannot_be_read_makes_a_scan_incomplete(
    root: VolumeRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing then means nothing."""
    (tmp_path / "closed").mkdir()
    true = os.scandir
    closed = (tmp_path / "closed").stat().st_ino

    def scandir(place: int) -> object:
        if os.fstat(place).st_ino == closed:
            raise PermissionError(13, "Permission denied")
        return true(place)

    monkeypatch.setattr(os, "scandir", scandir)
    scan = scan_volume(root)
    assert not scan.is_complete
    assert scan.trouble is not None
    assert "closed" in scan.trouble
    assert "file" in scan.entries
