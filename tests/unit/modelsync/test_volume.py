"""What a volume can do is tried, and said."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.modelsync.errors import VolumeUnusable
from sayso.modelsync.volume import capabilities as volume
from sayso.modelsync.volume.capabilities import Abilities, probe_volume
from sayso.modelsync.volume.directories import VolumeRoot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    with VolumeRoot(tmp_path) as opened:
        yield opened


def refusing(code: int) -> Callable[..., None]:
    """A system call that a file system does not have."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_local_disk_can_do_everything(root: VolumeRoot, tmp_path: Path) -> None:
    """And the probe leaves nothing behind."""
    found = probe_volume(root)
    assert found == replace(found, syncs_files=True, syncs_directories=True, symlinks=True, hard_links=True)
    assert found.mode == ("full" if found.exchanges else "limited")
    assert found.file_system != ""
    assert list((tmp_path / ".sayso").iterdir()) == []


def test_what_a_killed_probe_has_left_is_removed(root: VolumeRoot, tmp_path: Path) -> None:
    left = tmp_path / ".sayso" / "probe-0123456789abcdef"
    left.mkdir(parents=True)
    (left / "a").write_bytes(b"sayso")
    probe_volume(root)
    assert list((tmp_path / ".sayso").iterdir()) == []


@pytest.mark.parametrize(
    ("call", "ability", "words"),
    [
        ("fsync", "syncs_files", "Files are not synced"),
        ("symlink", "symlinks", "symbolic links"),
        ("link", "hard_links", "hard links"),
    ],
)
def test_what_a_volume_cannot_do_is_found_and_said(
    root: VolumeRoot, monkeypatch: pytest.MonkeyPatch, call: str, ability: str, words: str
) -> None:
    """A FUSE file system may lack any of it."""
    monkeypatch.setattr(os, call, refusing(errno.EOPNOTSUPP))
    found = probe_volume(root)
    assert getattr(found, ability) is False
    assert found.mode == "limited"
    assert any(words in sentence for sentence in found.limits)


def test_a_volume_without_exchange_or_chown_is_usable(root: VolumeRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS lacks the first; EFS refuses the second."""
    monkeypatch.setattr(volume, "exchange", refusing(errno.EINVAL))
    monkeypatch.setattr(os, "fchown", refusing(errno.EPERM))
    found = probe_volume(root)
    assert not found.exchanges
    assert not found.changes_owners


@pytest.mark.parametrize(("call", "code"), [("mkdir", errno.EROFS), ("rename", errno.EPERM), ("fsync", errno.EIO)])
def test_a_volume_that_cannot_be_written_is_unusable(
    root: VolumeRoot, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """It is read-only, does not rename, or fails."""
    monkeypatch.setattr(os, call, refusing(code))
    with pytest.raises(VolumeUnusable, match="cannot be used"):
        probe_volume(root)


@pytest.mark.parametrize(("name", "expected"), [("nfs4", True), ("fuse.s3fs", True), ("ext4", False), ("tmpfs", False)])
def test_network_volumes_are_known_by_their_name(name: str, *, expected: bool) -> None:
    """Their readers lose files that are replaced."""
    found = Abilities(
        syncs_files=True,
        syncs_directories=True,
        exchanges=True,
        symlinks=True,
        hard_links=True,
        changes_owners=True,
        preallocates=True,
        file_system=name,
    )
    assert found.is_network is expected
