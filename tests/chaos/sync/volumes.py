"""The volumes of the scene: a plain directory, a small disk, and file systems that lack what others have."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from chaos.disk import SmallDisk
from chaos.sync.faults import Counts, Fault
from support.fuse.mounts import FuseMount, why_not

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

_SMALL_BYTES = 12 * 2**20
_CACHED_SECONDS = 1.0
"""As long as an NFS client may remember what it saw; by default it is even longer there."""


class Volume:
    """A plain directory; the others are made of it. A context manager.

    Args:
        directory: where it is, which exists.
        counts: of the faults that it makes.

    Attributes:
        path: the root, for the processes that synchronise.
        read_path: the root, for readers.
        real_path: what is behind both.
        grace_seconds: how long replaced files are kept.
        has_sets: whether sets are swapped at once.
        missing: why a part of it cannot be made here, in a sentence; None if it can.
    """

    faults: tuple[Fault, ...] = (Fault.HELD_SET,)
    grace_seconds = 20.0
    has_sets = True

    def __init__(self, directory: Path, counts: Counts) -> None:
        self.directory = directory
        self.counts = counts
        self.path = self.read_path = self.real_path = directory / "models"
        self.missing: str | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.path.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def before_run(self, number: int) -> None:
        """Make trouble before a process begins."""

    def during_run(self, number: int) -> None:
        """Make trouble while a process works."""

    def after_run(self) -> None:
        """Make no more trouble, once the process was killed."""

    def heard(self, reason: str) -> None:
        """A process had an error."""


class SmallVolume(Volume):
    """A tmpfs that is full now and then, and read-only at other times."""

    faults = (Fault.HELD_SET, Fault.FULL_DISK, Fault.READ_ONLY)
    grace_seconds = 2.0

    def __init__(self, directory: Path, counts: Counts) -> None:
        super().__init__(directory, counts)
        self._is_read_only = False
        self._disk = SmallDisk(self.path, _SMALL_BYTES)

    def __enter__(self) -> Self:
        self._stack.enter_context(self._disk)
        self.missing = self._disk.missing
        self.path.chmod(0o755)
        return self

    def before_run(self, number: int) -> None:
        """Every eighth run begins on a read-only volume, and every eighth on a full one."""
        if number % 8 == 3 and self.missing is None:
            self._is_read_only = self._remount("ro")
        if number % 8 == 5:
            self._disk.fill()

    def during_run(self, number: int) -> None:
        """Every third run, the disk is full for the rest of it."""
        if not self._is_read_only and number % 3 == 0:
            self._disk.fill()

    def after_run(self) -> None:
        """It has room, and can be written."""
        if self._is_read_only:
            self._is_read_only = not self._remount("rw")
        self._disk.free()

    def heard(self, reason: str) -> None:
        """Count what it says of the volume."""
        if "no space" in reason.lower():
            self.counts.add(Fault.FULL_DISK)
        if os.strerror(30).lower() in reason.lower():
            self.counts.add(Fault.READ_ONLY)

    def _remount(self, mode: str) -> bool:
        """Whether it was possible: it is not while another process has files open."""
        command = ["mount", "-o", f"remount,{mode}", str(self.path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


class FuseVolume(Volume):
    """A volume behind a file system of our own: one mount for the writer, as one client of NFS, and one for readers."""

    faults: tuple[Fault, ...] = (Fault.HELD_SET, Fault.STALE, Fault.READ_ONLY_LATER)
    refused: ClassVar[Mapping[str, str]] = {}
    exchanges = True
    is_remote = True

    def __init__(self, directory: Path, counts: Counts) -> None:
        super().__init__(directory, counts)
        self.missing = why_not()
        self.path, self.read_path = directory / "writer", directory / "reader"
        self._writer = FuseMount(self.real_path, self.path, refused=self.refused, exchanges=self.exchanges)
        self._reader = FuseMount(
            self.real_path, self.read_path, is_remote=self.is_remote, cached_seconds=_CACHED_SECONDS
        )

    def __enter__(self) -> Self:
        self.real_path.mkdir()
        if self.missing is None:
            self._stack.enter_context(self._writer)
            self._stack.enter_context(self._reader)
            if self.is_remote:
                self._show_stale()
        return self

    def __exit__(self, *_: object) -> None:
        if self.missing is None:
            self._count()
        super().__exit__()

    def during_run(self, number: int) -> None:
        """Every fifth run, it becomes read-only, as a disk after an error."""
        if number % 5 == 0:
            self._writer.set_read_only(is_read_only=True)

    def after_run(self) -> None:
        """It can be written."""
        self._writer.set_read_only(is_read_only=False)

    def _show_stale(self) -> None:
        """A file that is removed is lost to readers of the other mount: for that, replaced files are kept."""
        (self.real_path / "stale.txt").write_bytes(b"x")
        opened = os.open(self.read_path / "stale.txt", os.O_RDONLY)
        (self.path / "stale.txt").unlink()
        try:
            os.pread(opened, 1, 0)
        except OSError:
            return
        finally:
            os.close(opened)
        raise RuntimeError("a removed file can still be read: this mount is not like NFS")

    def _count(self) -> None:
        self.counts.add(Fault.STALE, _sum(self._reader, "ESTALE"))
        self.counts.add(Fault.READ_ONLY_LATER, _sum(self._writer, "EROFS"))
        self.counts.add(Fault.NO_LINK, _sum(self._writer, "LINK EPERM"))
        self.counts.add(Fault.NO_SYMLINK, _sum(self._writer, "SYMLINK ENOSYS"))
        self.counts.add(Fault.NO_SYNC, _sum(self._writer, "FSYNC"))


def _sum(mount: FuseMount, what: str) -> int:
    return sum(times for answer, times in mount.counts().items() if what in answer)


class LimitedVolume(FuseVolume):
    """A file system without fsync, links of both kinds, and exchange.

    Replaced files cannot be kept there for readers on other machines, so its readers are on this one.
    """

    faults = (Fault.READ_ONLY_LATER, Fault.NO_LINK, Fault.NO_SYMLINK, Fault.NO_SYNC)
    refused: ClassVar[Mapping[str, str]] = {
        "LINK": "EPERM",
        "SYMLINK": "ENOSYS",
        "FSYNC": "EOPNOTSUPP",
        "FSYNCDIR": "EOPNOTSUPP",
    }
    exchanges = False
    is_remote = False
    has_sets = False
