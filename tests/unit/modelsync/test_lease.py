"""The lease of a volume: held by one, released with its end, and known to be lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost
from sayso.modelsync.errors import VolumeUnusable
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.lease import LEASE_FILE, VOLUME_FILE, VolumeLease, lease_holder, volume_id
from sayso.modelsync.volume.lock_scope import local_locks
from sayso.modelsync.volume.root_directory import make_root

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    with VolumeRoot(tmp_path) as opened:
        yield opened


def test_only_one_has_it(root: VolumeRoot) -> None:
    first = VolumeLease.take(root)
    assert first is not None
    assert VolumeLease.take(root) is None
    first.confirm()
    assert "process" in (lease_holder(root) or "")
    first.close()
    second = VolumeLease.take(root)
    assert second is not None
    second.close()


def test_a_volume_without_fsync_has_a_lease(root: VolumeRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FUSE file system may refuse it."""

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "fsync", refuse)
    lease = VolumeLease.take(root)
    assert lease is not None
    lease.confirm()
    lease.close()


def test_a_lease_whose_token_was_replaced_is_lost(root: VolumeRoot, tmp_path: Path) -> None:
    """As after a lock was lost on NFS: the successor has written its own token."""
    lease = VolumeLease.take(root)
    assert lease is not None
    (tmp_path / LEASE_FILE).write_text('{"token": "another"}')
    with pytest.raises(LeaseLost):
        lease.confirm()
    lease.close()


def test_a_lease_whose_file_was_replaced_is_lost(root: VolumeRoot, tmp_path: Path) -> None:
    lease = VolumeLease.take(root)
    assert lease is not None
    (tmp_path / LEASE_FILE).unlink()
    with pytest.raises(LeaseLost):
        lease.confirm()
    lease.close()


def test_the_lease_of_a_volume_that_was_moved_is_lost(tmp_path: Path) -> None:
    """Nothing is written to a volume that is not at its path any more, whether another one is there or none."""
    base = tmp_path / "models"
    base.mkdir()
    with VolumeRoot(base) as opened:
        lease = VolumeLease.take(opened)
        assert lease is not None
        lease.confirm()
        base.rename(tmp_path / "moved")
        with pytest.raises(LeaseLost, match="moved or replaced"):
            lease.confirm()
        base.mkdir()
        with pytest.raises(LeaseLost, match="moved or replaced"):
            lease.confirm()
        lease.close()


def test_a_volume_without_locks_is_refused_with_what_helps(root: VolumeRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a database decides."""

    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(VolumeUnusable) as refused:
        VolumeLease.take(root)
    assert "SAYSO_SYNC_DATABASE_URL" in (refused.value.hint or "")
    lease = VolumeLease.take(root, locks=False)
    assert lease is not None
    lease.confirm()
    lease.close()


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("ext4", "rw", None),
        ("nfs4", "rw,vers=4.1,local_lock=none", None),
        ("nfs", "rw,vers=3,nolock,local_lock=all", "one machine only, by its mount option local_lock=all"),
        ("nfs", "rw,local_lock=flock", "one machine only"),
        ("cifs", "rw,nobrl", "one machine only"),
        ("lustre", "rw,flock", None),
        ("lustre", "rw,localflock", "one machine only"),
        ("fuse.mount-s3", "rw", "not known"),
        ("9p", "rw", "not known"),
    ],
)
def test_what_the_locks_of_a_mount_are_worth_is_said(
    root: VolumeRoot, tmp_path: Path, kind: str, options: str, said: str | None
) -> None:
    device = os.fstat(root.descriptor).st_dev
    place = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"1 0 99:98 / / rw - ext4 /dev/a rw\n2 1 {place} / /models rw,noatime shared:1 - {kind} x {options}\n"
    )
    found = local_locks(root.descriptor, mounts=mounts)
    assert found is None if said is None else said in (found or "")


def test_a_volume_has_one_name(root: VolumeRoot, tmp_path: Path) -> None:
    name = volume_id(root)
    assert volume_id(root) == name
    (tmp_path / VOLUME_FILE).write_text("garbage\n")
    with pytest.raises(VolumeUnusable):
        volume_id(root)


def test_a_base_path_that_is_no_directory_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(VolumeUnusable, match="is no directory"):
            make_root(path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(VolumeUnusable):
        make_root(tmp_path / "dangling")


@pytest.mark.parametrize("path", ["/", "//", "/usr/..", "/usr/../"])
def test_the_root_of_the_machine_is_no_volume(path: str) -> None:
    """An empty variable before a slash makes one, and foreign files would be deleted."""
    with pytest.raises(VolumeUnusable, match="the root of this machine"):
        make_root(Path(path))
