"""Nothing below the root is reached over a symbolic link, and what is made has the modes of the settings."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from sayso.errors import OutputFailed
from sayso.modelsync.errors import PathBlocked, VolumeFull
from sayso.modelsync.records import FileKind
from sayso.modelsync.volume.directories import VolumeRoot, kind_of, local_stat, volume_error
from sayso.modelsync.volume.file_modes import FileModes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def root(path: Path) -> Iterator[VolumeRoot]:
    with VolumeRoot(path) as opened:
        yield opened


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def write(root: VolumeRoot, relative: str, content: bytes = b"x") -> None:
    """A new file."""
    opened = root.open(relative, NEW, is_made=True)
    os.write(opened, content)
    os.close(opened)


@pytest.mark.usefixtures("strict_umask")
def test_files_and_directories_have_the_modes_of_the_settings(path: Path) -> None:
    """Whatever the umask is; the set-group-id bit of a directory is passed on."""
    path.chmod(0o2775)
    with VolumeRoot(path, FileModes(file=0o640, directory=0o750)) as root:
        write(root, "a/b/c")
    assert stat.S_IMODE((path / "a/b/c").stat().st_mode) == 0o640
    assert stat.S_IMODE((path / "a").stat().st_mode) == 0o2750
    assert stat.S_IMODE((path / "a/b").stat().st_mode) == 0o2750


def test_an_owner_that_cannot_be_set_is_tolerated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EFS refuses it; another error is one."""
    codes = [errno.EPERM, errno.EPERM, errno.EIO]

    def refuse(_descriptor: int, _owner: int, _group: int) -> None:
        raise OSError(codes.pop(0), "refused")

    monkeypatch.setattr(os, "fchown", refuse)
    with VolumeRoot(path, FileModes(owner=1000, group=1000)) as root:
        write(root, "a/b")
        with pytest.raises(OSError, match="refused"):
            write(root, "a/c")


def test_a_directory_that_is_a_symbolic_link_is_not_followed(root: VolumeRoot, path: Path, tmp_path: Path) -> None:
    """Neither outside of the root nor inside it; nothing is written there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (path / "real").mkdir()
    (path / "out").symlink_to(outside)
    (path / "in").symlink_to("real")
    for relative in ("out/file", "in/file", "out/deep/file"):
        with pytest.raises(OSError, match="directory") as caught:
            write(root, relative)
        assert isinstance(volume_error(caught.value, relative), PathBlocked)
    assert list(outside.iterdir()) == []
    assert list((path / "real").iterdir()) == []


def test_a_file_that_is_a_symbolic_link_is_not_opened(root: VolumeRoot, path: Path, tmp_path: Path) -> None:
    """It is seen as what it is, and can be replaced and removed; its target stays."""
    target = tmp_path / "target"
    target.write_bytes(b"kept")
    (path / "link").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        root.open("link", os.O_WRONLY | os.O_TRUNC)
    found = root.stat("link")
    assert found is not None
    assert kind_of(found.st_mode) is FileKind.SYMLINK
    write(root, "new")
    root.rename("new", "link")
    assert (path / "link").read_bytes() == b"x"
    assert target.read_bytes() == b"kept"


@pytest.mark.parametrize("relative", ["../a", "a/../../b", "./a/b", "a//b"])
def test_a_path_with_other_names_is_refused(root: VolumeRoot, relative: str) -> None:
    """Keys are checked before; this is the last line."""
    with pytest.raises(OSError, match=r"name|directory"):
        write(root, relative)


def test_the_directory_is_held_although_its_name_changes(root: VolumeRoot, path: Path) -> None:
    """A symbolic link in the root's place changes nothing."""
    moved = path.rename(path.with_name("moved"))
    path.symlink_to("/tmp")  # noqa: S108 -- not used
    write(root, "file")
    assert (moved / "file").read_bytes() == b"x"


def test_entries_are_all_but_those_of_sayso(root: VolumeRoot, path: Path) -> None:
    """In order; symbolic links are entries, and not entered."""
    for relative in ("b/2", "b/1", "a", ".sayso/journal/log", "b/.sayso/foreign"):
        write(root, relative)
    (path / "loop").symlink_to(".")
    assert [name for name, _ in root.entries()] == ["a", "b/.sayso/foreign", "b/1", "b/2", "loop"]


def test_what_is_not_there_is_none(root: VolumeRoot) -> None:
    """And cannot be removed twice."""
    assert root.stat("no/file") is None
    assert not root.remove("no/file")
    write(root, "file")
    found = root.stat("file")
    assert found is not None
    assert local_stat(found).size_bytes == 1
    assert root.remove("file")
    assert root.stat("file") is None


def test_directories_that_were_made_are_remembered_until_they_are_synced(root: VolumeRoot) -> None:
    """By the directories in which their entries are."""
    write(root, "a/b/c")
    write(root, "a/b/d")
    assert root.take_unsynced() == {"", "a"}
    assert root.take_unsynced() == set()


def test_a_hard_link_is_made_of_the_file_itself(root: VolumeRoot, path: Path) -> None:
    """In a directory that is made for it."""
    write(root, "a/file", b"content")
    root.link("a/file", ".sayso/old/file")
    assert (path / ".sayso/old/file").stat().st_ino == (path / "a/file").stat().st_ino


def test_errors_say_what_is_wrong() -> None:
    """A full volume can be waited for."""
    full = volume_error(OSError(errno.ENOSPC, "No space left on device"), "a/b")
    assert isinstance(full, VolumeFull)
    assert full.retryable
    assert "a/b" in full.message
    other = volume_error(OSError(errno.EROFS, "Read-only file system"), "a/b")
    assert type(other) is OutputFailed
    assert "Read-only" in other.message


def test_a_root_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(OutputFailed, match="nowhere"):
        VolumeRoot(tmp_path / "nowhere")


def test_a_kill_leaves_no_directory_that_readers_cannot_enter(
    root: VolumeRoot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its mode from the first moment."""

    def die(_descriptor: int, _mode: int) -> None:
        raise SystemExit

    monkeypatch.setattr(os, "fchmod", die)
    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit), root.directory("voice", is_made=True):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((path / "voice").stat().st_mode) == 0o755
