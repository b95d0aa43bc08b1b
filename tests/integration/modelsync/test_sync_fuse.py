"""Model sync on real FUSE mounts: each does what the file system allows, and says which that is.

Root mounts them; elsewhere these tests are skipped with the reason.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.modelsync.errors import VolumeUnusable
from support.aws.object_server import ObjectServer, object_server
from support.fuse.mounts import FuseMount, why_not
from support.modelsync.services import files_of, options, put_set, reconciler, running_sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.reconciliation.reconcile import Reconciler

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@contextmanager
def volume(
    server: ObjectServer, path: Path, refused: Mapping[str, str], *, exchanges: bool = True
) -> Iterator[tuple[Reconciler, OpenVolume]]:
    """A volume behind a file system that refuses some operations."""
    (path / "behind").mkdir()
    with (
        FuseMount(path / "behind", path / "models", refused=refused, exchanges=exchanges) as mount,
        reconciler(server, options(mount.path), threading.Event(), clock=time.time) as opened,
    ):
        yield opened


LIMITS = {
    "SYMLINK": ("ENOSYS", "There are no symbolic links: files of a set are published one by one."),
    "LINK": ("EPERM", "There are no hard links: a replaced file is gone at once for readers on other machines."),
    "FSYNC": ("EOPNOTSUPP", "Files are not synced: after a power failure their content is verified again."),
    "FSYNCDIR": ("EINVAL", "Directories are not synced: after a power failure a file may be the old one again."),
}


@pytest.mark.parametrize("missing", [(), *((name,) for name in LIMITS), tuple(LIMITS)])
def test_each_mode_publishes_files_and_sets_replaces_and_deletes_them(
    server: ObjectServer, tmp_path: Path, missing: tuple[str, ...]
) -> None:
    refused = {name: LIMITS[name][0] for name in missing}
    with volume(server, tmp_path, refused) as (reconciling, opened):
        assert set(opened.abilities.limits) == {LIMITS[name][1] for name in missing}
        assert opened.abilities.mode == ("limited" if missing else "full")
        assert opened.abilities.is_network
        server.put("a.bin", b"first")
        server.put("gone.bin", b"first")
        put_set(server, "set/", one=b"1", two=b"2")
        assert reconciling.run().errors == ()
        assert (tmp_path / "models/set").is_symlink() == ("SYMLINK" not in missing)
        server.put("a.bin", b"second")
        del server.objects["gone.bin"]
        put_set(server, "set/", one=b"one", two=b"two")
        assert reconciling.run().errors == ()
        assert reconciling.verify().damaged == ()
        found = files_of(tmp_path / "behind")
    assert found == {key: served.content for key, served in server.objects.items()}


def test_the_state_of_the_service_says_the_mode(server: ObjectServer, tmp_path: Path) -> None:
    (tmp_path / "behind").mkdir()
    with (
        FuseMount(tmp_path / "behind", tmp_path / "models", refused={"LINK": "EPERM"}) as mount,
        running_sync(server, options(mount.path)) as running,
    ):
        running.wait_until_idle()
        found = running.sync.state.abilities
        assert found is not None
        assert (found.mode, found.file_system, found.limits) == ("limited", "fuse", (LIMITS["LINK"][1],))


def test_without_rename_the_volume_is_refused(server: ObjectServer, tmp_path: Path) -> None:
    """Readers of a file that is written in its place would see a part of it."""
    with (
        pytest.raises(VolumeUnusable, match="Function not implemented") as raised,
        volume(server, tmp_path, {"RENAME": "ENOSYS"}),
    ):
        pass
    assert "replaced by renaming" in str(raised.value.hint)


def test_without_exchange_a_directory_in_the_place_of_a_set_stays(server: ObjectServer, tmp_path: Path) -> None:
    with volume(server, tmp_path, {}, exchanges=False) as (reconciling, opened):
        assert opened.abilities.limits == (
            "Entries cannot be exchanged: a directory in the place of a set is refused.",
        )
        server.put("set/one.bin", b"1")
        assert reconciling.run().errors == ()
        put_set(server, "set/", one=b"1", two=b"2")
        (error,) = reconciling.run().errors
        assert "cannot exchange" in error.error
        assert (tmp_path / "models/set/one.bin").read_bytes() == b"1"


def test_a_volume_that_becomes_read_only_is_said_and_used_again_afterwards(
    server: ObjectServer, tmp_path: Path
) -> None:
    """As a disk after an error; the old file stays."""
    (tmp_path / "behind").mkdir()
    with FuseMount(tmp_path / "behind", tmp_path / "models") as mount:
        made = options(mount.path)
        server.put("a.bin", b"first")
        with reconciler(server, made, threading.Event(), clock=time.time) as (reconciling, _):
            assert reconciling.run().errors == ()
            server.put("a.bin", b"second")
            mount.set_read_only(is_read_only=True)
            assert [error.error for error in reconciling.run().errors if "Read-only file system" in error.error]
            assert files_of(tmp_path / "behind") == {"a.bin": b"first"}
            mount.set_read_only(is_read_only=False)
        with reconciler(server, made, threading.Event(), clock=time.time) as (reconciling, _):
            assert reconciling.run().errors == ()
        assert files_of(tmp_path / "behind") == {"a.bin": b"second"}


@pytest.mark.parametrize("links", [True, False])
def test_readers_on_another_machine_keep_what_they_have_open(server: ObjectServer, tmp_path: Path, links: bool) -> None:
    """Where the volume has hard links; without them it is gone for them at once (ESTALE), as the limit says."""
    content = os.urandom(3 * mmap.PAGESIZE)
    server.put("a.bin", content)
    refused = {} if links else {"LINK": "EPERM"}
    with (
        volume(server, tmp_path, refused) as (reconciling, _),
        FuseMount(tmp_path / "behind", tmp_path / "other", is_remote=True) as other,
    ):
        assert reconciling.run().errors == ()
        with (other.path / "a.bin").open("rb") as stream:
            with mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped:
                for _ in range(3):
                    server.put("a.bin", os.urandom(100))
                    assert reconciling.run().errors == ()
                if links:
                    assert mapped[:] == content
                    assert stream.read() == content
                    return
            with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
                os.pread(stream.fileno(), 1, 0)
