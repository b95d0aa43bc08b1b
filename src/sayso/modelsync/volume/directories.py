"""Files and directories below the root of the volume, reached by descriptors; no symbolic link is ever followed."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sayso.errors import OutputFailed
from sayso.modelsync.errors import PathBlocked, VolumeFull
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.records import FileKind, LocalStat
from sayso.modelsync.volume.file_modes import FileModes, give

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCKED = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_DENIED_HINT = (
    "MODELS_BASE_PATH names the volume. Mount it so that it can be written, and run as root, where it is mounted: "
    "chown -R {}:{} with its path."
)


def volume_error(error: OSError, subject: str) -> OutputFailed:
    """Sayso's error for one of the operating system."""
    if error.errno in _FULL:
        return VolumeFull(f"There is no space left on the volume for {subject}.")
    if error.errno in _BLOCKED:
        return PathBlocked(f"{subject} cannot be reached: a part of its path is a symbolic link or a file.")
    hint = _DENIED_HINT.format(os.getuid(), os.getgid()) if error.errno in _DENIED else None
    return OutputFailed(f"{subject} cannot be written: {error.strerror or error}.", hint=hint)


def local_stat(found: os.stat_result) -> LocalStat:
    """By what a file is recognised."""
    return LocalStat(size_bytes=found.st_size, mtime_ns=found.st_mtime_ns, inode=found.st_ino)


def kind_of(mode: int) -> FileKind:
    """The kind of an entry, from its mode."""
    if stat.S_ISREG(mode):
        return FileKind.FILE
    if stat.S_ISDIR(mode):
        return FileKind.DIRECTORY
    return FileKind.SYMLINK if stat.S_ISLNK(mode) else FileKind.OTHER


class VolumeRoot:
    """The root of the volume, held open; paths are relative to it and joined by ``/``. Any thread may use it.

    Args:
        path: the directory, which must exist; it may be a symbolic link itself.
        modes: of what is made.

    Raises:
        OutputFailed: it cannot be opened.
    """

    def __init__(self, path: Path, modes: FileModes | None = None) -> None:
        self.path = path
        self.modes = modes or FileModes()
        self._lock = threading.Lock()
        self._unsynced: set[str] = set()
        try:
            self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OutputFailed(f"The directory {path} cannot be opened: {error.strerror}.") from error

    @contextmanager
    def directory(self, relative: str, *, is_made: bool = False) -> Iterator[int]:
        """The descriptor of a directory.

        Args:
            relative: its path; empty for the root.
            is_made: whether it and its parents are made where they are missing.

        Raises:
            FileNotFoundError: it does not exist.
            OSError: it cannot be opened or made; ELOOP or ENOTDIR where a part of the path is no directory.
        """
        if not relative:
            yield self.descriptor
            return
        opened, parent = self.descriptor, ""
        try:
            for name in relative.split("/"):
                following = self._enter(opened, name, parent, is_made=is_made)
                if opened != self.descriptor:
                    os.close(opened)
                opened = following
                parent = f"{parent}/{name}" if parent else name
            yield opened
        finally:
            if opened != self.descriptor:
                os.close(opened)

    @contextmanager
    def parent_of(self, relative: str, *, is_made: bool = False) -> Iterator[tuple[int, str]]:
        """The descriptor of the directory that a path is in, and the last name of the path.

        Raises:
            OSError: as `directory`.
        """
        directory, _, name = relative.rpartition("/")
        with self.directory(directory, is_made=is_made) as opened:
            yield opened, name

    def open(self, relative: str, flags: int, *, is_made: bool = False) -> int:
        """The descriptor of a file; a new one gets the mode and owner of the settings.

        Args:
            relative: its path.
            flags: of `os.open`; O_NOFOLLOW and O_CLOEXEC are added.
            is_made: whether missing directories are made.

        Raises:
            OSError: it cannot be opened.
        """
        with self.parent_of(relative, is_made=is_made) as (directory, name):
            opened = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)
        if flags & os.O_CREAT:
            try:
                os.fchmod(opened, self.modes.file)
                give(opened, self.modes)
            except BaseException:
                os.close(opened)
                raise
        return opened

    def stat(self, relative: str) -> os.stat_result | None:
        """The facts of an entry, of a symbolic link itself; None if there is none.

        Raises:
            OSError: a directory of its path cannot be opened.
        """
        try:
            with self.parent_of(relative) as (directory, name):
                return os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def remove(self, relative: str) -> bool:
        """Remove a file or a link; whether there was one.

        Raises:
            OSError: it cannot be removed.
        """
        try:
            with self.parent_of(relative) as (directory, name):
                os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            return False
        return True

    def rename(self, source: str, target: str) -> None:
        """Rename an entry, over another one if there is one; missing directories of the target are made.

        Raises:
            OSError: it cannot be renamed.
        """
        old_directory, _, old_name = source.rpartition("/")
        new_directory, _, new_name = target.rpartition("/")
        with self.directory(old_directory) as old:
            if old_directory == new_directory:
                os.rename(old_name, new_name, src_dir_fd=old, dst_dir_fd=old)
                return
            with self.directory(new_directory, is_made=True) as new:
                os.rename(old_name, new_name, src_dir_fd=old, dst_dir_fd=new)

    def link(self, source: str, target: str) -> None:
        """Make a hard link; missing directories of the target are made.

        Raises:
            OSError: it cannot be made.
        """
        with self.parent_of(source) as (old, old_name), self.parent_of(target, is_made=True) as (new, new_name):
            os.link(old_name, new_name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)

    def entries(self, relative: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """All entries below a directory but directories, with their paths from the root; ``.sayso`` is left out.

        Raises:
            OSError: a directory cannot be read; one that vanishes meanwhile is no error.
        """
        try:
            with self.directory(relative) as opened, os.scandir(opened) as scan:
                found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in scan if not _is_gone(entry)]
        except FileNotFoundError:
            return
        for name, facts in sorted(found, key=lambda each: each[0]):
            path = f"{relative}/{name}" if relative else name
            if not stat.S_ISDIR(facts.st_mode):
                yield path, facts
            elif path != STATE_DIRECTORY:
                yield from self.entries(path)

    def names(self, relative: str) -> list[str]:
        """The names in a directory, in order; none if it does not exist.

        Raises:
            OSError: it cannot be read.
        """
        try:
            with self.directory(relative) as opened, os.scandir(opened) as scan:
                return sorted(entry.name for entry in scan)
        except FileNotFoundError:
            return []

    def remove_tree(self, relative: str) -> None:
        """Remove a directory and everything below it, or another entry; symbolic links are removed, not followed.

        Raises:
            OSError: something cannot be removed.
        """
        found = self.stat(relative)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            self.remove(relative)
            return
        for name in self.names(relative):
            self.remove_tree(f"{relative}/{name}")
        with self.parent_of(relative) as (parent, name), suppress(FileNotFoundError):
            os.rmdir(name, dir_fd=parent)

    def is_in_place(self) -> bool:
        """Whether its path still leads to it: not after it was moved, or another volume was put there.

        Raises:
            OSError: the volume does not say.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(self.descriptor)
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def free_bytes(self) -> int:
        """How many bytes the volume has for this user.

        Raises:
            OSError: it does not say.
        """
        facts = os.fstatvfs(self.descriptor)
        return facts.f_bavail * facts.f_frsize

    def take_unsynced(self) -> set[str]:
        """The directories in which directories were made since the last call; their entries may not be durable."""
        with self._lock:
            unsynced, self._unsynced = self._unsynced, set()
        return unsynced

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, opened: int, name: str, parent: str, *, is_made: bool) -> int:
        if name in {"", ".", ".."}:
            raise OSError(errno.EINVAL, "not a name", name)
        try:
            return os.open(name, _DIRECTORY_FLAGS, dir_fd=opened)
        except FileNotFoundError:
            if not is_made:
                raise
        with suppress(FileExistsError):  # another thread was faster
            os.mkdir(name, self.modes.directory, dir_fd=opened)  # at once: a kill must not leave it closed to readers
            with self._lock:
                self._unsynced.add(parent)
            made = os.open(name, _DIRECTORY_FLAGS, dir_fd=opened)
            os.fchmod(made, self.modes.directory | (os.fstat(opened).st_mode & stat.S_ISGID))  # whatever the umask is
            give(made, self.modes)
            return made
        return os.open(name, _DIRECTORY_FLAGS, dir_fd=opened)


def _is_gone(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of a directory was removed since it was listed."""
    try:
        entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False
