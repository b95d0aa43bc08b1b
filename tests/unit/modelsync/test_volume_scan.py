"""A scan sees what is on the volume, and follows no link out of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sayso.modelsync.records import FileKind
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.scan import scan_volume

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="root")
def open_root(tmp_path: Path) -> Iterator[VolumeRoot]:
    """An empty volume."""
    (tmp_path / "volume").mkdir()
    with VolumeRoot(tmp_path / "volume") as root:
        yield root


def test_all_entries_are_seen(root: VolumeRoot) -> None:
    """With their kinds and stats; what is below ``.sayso`` at the root is not."""
    for name in ("a/b.bin", "中文/模型 v2+.onnx", ".sayso/journal/snapshot", "a/.sayso/x"):
        (root.path / name).parent.mkdir(parents=True, exist_ok=True)
        (root.path / name).write_bytes(b"one")
    os.mkfifo(root.path / "a/pipe")
    scan = scan_volume(root)
    assert {path: entry.kind for path, entry in scan.entries.items()} == {
        "a": FileKind.DIRECTORY,
        "a/.sayso": FileKind.DIRECTORY,
        "a/.sayso/x": FileKind.FILE,
        "a/b.bin": FileKind.FILE,
        "a/pipe": FileKind.OTHER,
        "中文": FileKind.DIRECTORY,
        "中文/模型 v2+.onnx": FileKind.FILE,
    }
    facts = (root.path / "a/b.bin").stat()
    stat = scan.entries["a/b.bin"].stat
    assert (stat.size_bytes, stat.mtime_ns, stat.inode) == (3, facts.st_mtime_ns, facts.st_ino)
    assert all(path == entry.path for path, entry in scan.entries.items())
    assert (scan.is_complete, scan.trouble) == (True, None)


def test_links_are_not_followed(root: VolumeRoot) -> None:
    """Neither out of the volume, nor in a circle."""
    outside = root.path.parent / "outside"
    outside.mkdir()
    (outside / "secret.bin").write_bytes(b"x")
    (root.path / "out").symlink_to(outside)
    (root.path / "circle").symlink_to(".")
    assert {path: entry.kind for path, entry in scan_volume(root).entries.items()} == {
        "out": FileKind.SYMLINK,
        "circle": FileKind.SYMLINK,
    }


def test_a_directory_that_cannot_be_read_makes_the_scan_incomplete(
    root: VolumeRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are read; the trouble names it."""
    for name in ("closed/x.bin", "open/y.bin"):
        (root.path / name).parent.mkdir()
        (root.path / name).write_bytes(b"one")
    inode = (root.path / "closed").stat().st_ino
    scandir = os.scandir

    def refusing(descriptor: int) -> os.PathLike[str]:
        if os.fstat(descriptor).st_ino == inode:
            raise PermissionError(13, "Permission denied")
        return scandir(descriptor)  # type: ignore[return-value]

    monkeypatch.setattr(os, "scandir", refusing)
    scan = scan_volume(root)
    assert set(scan.entries) == {"closed", "open", "open/y.bin"}
    assert (scan.is_complete, scan.trouble) == (
        False,
        "The directory closed cannot be read: Permission denied.",
    )


def test_a_name_that_is_not_unicode_is_an_entry(root: VolumeRoot) -> None:
    """It is foreign, as no key can be its name."""
    (root.path / os.fsdecode(b"\xff.bin")).write_bytes(b"x")
    assert list(scan_volume(root).entries) == ["\udcff.bin"]
