"""Put fetched files in their places: each at once, durably, and with the old file kept for those who have it open."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.durability import sync_directories, sync_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.errors import OutputFailed
    from sayso.modelsync.volume.capabilities import Abilities
    from sayso.modelsync.volume.directories import VolumeRoot

OLD_DIRECTORY = f"{STATE_DIRECTORY}/old"

_NO_LINK = frozenset({errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.ENOENT})
"""A file that cannot be kept: another user's (protected_hardlinks), or the volume has no links after all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A temporary file that is complete and verified.

    Attributes:
        temporary: its path below the root.
        path: where it belongs, in the same directory.
    """

    temporary: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What came of one file.

    Attributes:
        ready: the file.
        error: why it is not published, and its temporary file removed; None if it is.
    """

    ready: Ready
    error: OutputFailed | None = None


class Publisher:
    """Publishes files on one volume; for one thread at a time.

    Args:
        root: of the volume.
        abilities: of the volume.
        grace_seconds: how long a replaced file stays in ``.sayso/old``, so that a reader on another machine that has it
            open does not lose it (ESTALE on NFS); 0 keeps none.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        root: VolumeRoot,
        abilities: Abilities,
        *,
        grace_seconds: float = 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._abilities = abilities
        self._grace_seconds = grace_seconds
        self._clock = clock

    def publish(
        self,
        files: Sequence[Ready],
        *,
        before: Callable[[Sequence[Ready]], None] = lambda _: None,
        after: Callable[[Sequence[Ready]], None] = lambda _: None,
    ) -> list[Published]:
        """Publish a group of files: their content is synced, then each is renamed, then the directories are synced.

        A reader sees the old file or the new one, whole. After a power failure each file is the old one or the new one.

        Args:
            files: at best many at a time: they are synced together.
            before: called when all content is durable and nothing is renamed; for the intents of the journal.
            after: called with those that were renamed, durably.

        Returns:
            One result for each file, in order; the failure of one does not hinder the others.

        Raises:
            OutputFailed: the disk fails while the files are synced; none is published, and the temporary files stay.
        """
        try:
            sync_files(self._root, self._abilities, [ready.temporary for ready in files])
        except OSError as error:
            raise volume_error(error, f"A group of {len(files)} files") from error
        before(files)
        results = [self._replace(ready) for ready in files]
        done = [result.ready for result in results if result.error is None]
        try:
            sync_directories(self._root, self._abilities, {ready.path.rpartition("/")[0] for ready in done})
        except OSError as error:
            raise volume_error(error, f"A group of {len(files)} files") from error
        after(done)
        return results

    def sweep_old(self) -> int:
        """Remove what was kept for longer than the grace period; how many entries.

        Raises:
            OutputFailed: something cannot be removed.
        """
        removed = 0
        try:
            for name in self._root.names(OLD_DIRECTORY):
                since = name.partition("-")[0]
                if not since.isdecimal() or int(since) + self._grace_seconds <= self._clock():
                    self._root.remove_tree(f"{OLD_DIRECTORY}/{name}")
                    removed += 1
        except OSError as error:
            raise volume_error(error, OLD_DIRECTORY) from error
        return removed

    def set_aside(self, path: str) -> str:
        """Move an entry to ``.sayso/old``, where it stays for the grace period; its new path.

        Raises:
            OSError: it cannot be moved.
        """
        kept = self._place_for_old()
        self._root.rename(path, kept)
        return kept

    def _replace(self, ready: Ready) -> Published:
        try:
            self._keep(ready.path)
            self._root.rename(ready.temporary, ready.path)
        except OSError as error:
            failure = volume_error(error, ready.path)
            if error.errno in {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}:
                failure = PathBlocked(f"{ready.path} cannot be published: a directory is in its place.")
            self._discard(ready.temporary)
            return Published(ready=ready, error=failure)
        return Published(ready=ready)

    def _keep(self, path: str) -> None:
        """Keep the file that is about to be replaced, if the volume can."""
        if not self._grace_seconds or not self._abilities.hard_links:
            return
        found = self._root.stat(path)
        if found is None or not stat.S_ISREG(found.st_mode):
            return
        try:
            self._root.link(path, self._place_for_old())
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise

    def _place_for_old(self) -> str:
        return f"{OLD_DIRECTORY}/{int(self._clock())}-{secrets.token_hex(8)}"

    def _discard(self, temporary: str) -> None:
        try:
            self._root.remove(temporary)
        except OSError:
            return  # a sweep removes it


def read_link(root: VolumeRoot, path: str) -> str | None:
    """The target of a symbolic link; None if there is no link.

    Raises:
        OSError: a directory of its path cannot be opened.
    """
    try:
        with root.parent_of(path) as (directory, name):
            return os.readlink(name, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise
