"""The lease of a volume: held by one, released with its end, and known to be lost."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.lease import LEASE_FILE, VolumeLease, lease_holder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
