"""Make files and directory entries durable: one by one, or many at once where that is faster."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from sayso.modelsync.volume.system_calls import sync_file_system

if TYPE_CHECKING:
    from collections.abc import Collection

    from sayso.modelsync.volume.capabilities import Abilities
    from sayso.modelsync.volume.directories import VolumeRoot

_WHOLE_FILE_SYSTEM_FROM = 32
"""So many files are synced by one call for their whole file system. Fewer are synced one by one, because that call also
waits for what other programs have written there."""

_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF})


def sync_if_possible(descriptor: int) -> None:
    """Make the content of a file durable, where the file system can do that.

    Raises:
        OSError: the disk fails.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def sync_files(root: VolumeRoot, abilities: Abilities, paths: Collection[str]) -> None:
    """Make the content of files durable; nothing is done on a volume that cannot.

    Raises:
        OSError: the disk fails; the files must not be published.
    """
    if not abilities.syncs_files or not paths:
        return
    if len(paths) >= _WHOLE_FILE_SYSTEM_FROM and not abilities.is_network and _sync_everything(root):
        return
    for path in paths:
        opened = root.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def sync_directories(root: VolumeRoot, abilities: Abilities, paths: Collection[str]) -> None:
    """Make the entries of directories durable, and of those in which directories were made meanwhile.

    Raises:
        OSError: the disk fails.
    """
    made = root.take_unsynced()
    if not abilities.syncs_directories:
        return
    for path in sorted({*paths, *made}):
        try:
            with root.directory(path) as opened:
                os.fsync(opened)
        except FileNotFoundError:
            continue  # it was removed meanwhile


def sync_tree(root: VolumeRoot, abilities: Abilities, directory: str) -> None:
    """Make a directory with everything below it durable.

    Raises:
        OSError: the disk fails.
    """
    files: list[str] = []
    directories: list[str] = []
    pending = [directory]
    while pending:
        path = pending.pop()
        directories.append(path)
        for name in root.names(path):
            entry = f"{path}/{name}"
            found = root.stat(entry)
            if found is not None and stat.S_ISDIR(found.st_mode):
                pending.append(entry)
            elif found is not None and stat.S_ISREG(found.st_mode):
                files.append(entry)
    sync_files(root, abilities, files)
    sync_directories(root, abilities, directories)


def _sync_everything(root: VolumeRoot) -> bool:
    """Sync the file system; whether it can do that."""
    try:
        sync_file_system(root.descriptor)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return False
        raise
    return True
