"""The system calls of the journal, behind an interface, so that tests can stop at each of them."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from sayso.errors import OutputFailed
from sayso.modelsync.keys import STATE_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""By which a file system says that it cannot flush a file, or a directory."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class JournalDisk(Protocol):
    """One directory with the files of a journal. Every method raises `OSError`; a missing file, FileNotFoundError."""

    def prepare(self) -> None:
        """Make the directory if it is missing, and open it."""
        ...

    def release(self) -> None:
        """Close the directory."""
        ...

    def describe(self) -> str:
        """The place, and its owner if that is not this user, for a message: `` in /models/.sayso/journal``."""
        ...

    def names(self) -> list[str]:
        """The names of the files."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file."""
        ...

    def create(self, name: str) -> int:
        """Make an empty file, in place of one with this name, and open it to append; returns its descriptor."""
        ...

    def open(self, name: str) -> int:
        """Open a file to append; returns its descriptor."""
        ...

    def write(self, descriptor: int, data: bytes) -> int:
        """Append some of the data; returns how many bytes."""
        ...

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        """Cut a file."""
        ...

    def sync(self, descriptor: int) -> bool:
        """Wait until the content of a file is on the disk; False if the file system cannot do that."""
        ...

    def close(self, descriptor: int) -> None:
        """Close a file."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Rename a file over another one, atomically."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file."""
        ...

    def sync_directory(self) -> bool:
        """Wait until the names of the files are on the disk; False if the file system cannot do that."""
        ...


class PosixDisk:
    """The directory ``.sayso/journal`` below the root of a volume; symbolic links are not followed.

    ``.sayso`` can be entered by everyone, because readers follow links into it; the journal only by its owner.
    """

    def __init__(self, root: Path) -> None:
        """Touch nothing yet.

        Args:
            root: of the volume, which must exist; it may be a symbolic link itself.
        """
        self._root = root
        self.directory = root / STATE_DIRECTORY / "journal"
        self._descriptor = -1

    def prepare(self) -> None:
        """See `JournalDisk.prepare`."""
        above = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name, mode in ((STATE_DIRECTORY, 0o755), ("journal", 0o700)):
                is_new = _make(name, above, mode)
                below = os.open(name, _DIRECTORY, dir_fd=above)
                if is_new:
                    self.sync(above)
                os.close(above)
                above = below
                if is_new:
                    os.fchmod(above, mode)  # whatever the umask is
        except BaseException:
            os.close(above)
            raise
        self.release()
        self._descriptor = above

    def describe(self) -> str:
        """See `JournalDisk.describe`."""
        for path in (self.directory, self.directory.parent, self._root):
            with suppress(OSError):
                owner = path.stat().st_uid
                others = "" if owner == os.geteuid() else f" ({path} belongs to user {owner}, not {os.geteuid()})"
                return f" in {self.directory}{others}"
        return f" in {self.directory}"

    def release(self) -> None:
        """See `JournalDisk.release`."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def names(self) -> list[str]:
        """See `JournalDisk.names`."""
        return os.listdir(self._descriptor)  # noqa: PTH208 -- a descriptor has no path

    def read(self, name: str) -> bytes:
        """See `JournalDisk.read`."""
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._descriptor), "rb") as file:  # noqa: PTH123
            return file.read()

    def create(self, name: str) -> int:
        """See `JournalDisk.create`."""
        return os.open(name, _APPEND | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=self._descriptor)

    def open(self, name: str) -> int:
        """See `JournalDisk.open`."""
        return os.open(name, _APPEND, dir_fd=self._descriptor)

    def write(self, descriptor: int, data: bytes) -> int:
        """See `JournalDisk.write`."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        """See `JournalDisk.truncate`."""
        os.ftruncate(descriptor, size_bytes)

    def sync(self, descriptor: int) -> bool:
        """See `JournalDisk.sync`."""
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return False
            raise
        return True

    def close(self, descriptor: int) -> None:
        """See `JournalDisk.close`."""
        os.close(descriptor)

    def rename(self, source: str, target: str) -> None:
        """See `JournalDisk.rename`."""
        os.rename(source, target, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """See `JournalDisk.remove`."""
        os.unlink(name, dir_fd=self._descriptor)

    def sync_directory(self) -> bool:
        """See `JournalDisk.sync_directory`."""
        return self.sync(self._descriptor)


def _make(name: str, above: int, mode: int) -> bool:
    """Make a directory; False if it was there."""
    try:
        os.mkdir(name, mode, dir_fd=above)
    except FileExistsError:
        return False
    return True


@contextmanager
def accessing(disk: JournalDisk) -> Iterator[None]:
    """Turn an error of the file system into `OutputFailed`, which says the place and its owner."""
    try:
        yield
    except OSError as error:
        raise OutputFailed(
            f"The journal of the volume cannot be used{disk.describe()}: {error.strerror or error}.",
            hint="The directory must belong to the user of this process, on a volume that can be written.",
        ) from error
