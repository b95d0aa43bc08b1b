"""What a volume can do: local disks can do all of it, NFS, EFS and FUSE file systems a part."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.modelsync.errors import VolumeUnusable
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.system_calls import exchange, preallocate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.modelsync.volume.directories import VolumeRoot

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = ("nfs", "cifs", "smb", "fuse", "ceph", "lustre", "9p", "afs", "glusterfs", "virtiofs", "beegfs")
_CONTENT = b"sayso"
_PROBE = "probe-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a volume can do.

    Attributes:
        syncs_files: fsync makes a file's content durable.
        syncs_directories: fsync makes a rename durable.
        exchanges: two entries can be exchanged atomically (RENAME_EXCHANGE).
        symlinks: it has symbolic links; without them, a set of files cannot be swapped at once.
        hard_links: a replaced file can be kept for readers that have it open.
        changes_owners: files can be given to another owner; False for a user without that right, too.
        preallocates: the space of a file can be reserved before it is written.
        file_system: its name as the kernel has it, such as ``ext4`` or ``nfs4``; ``unknown`` where it does not say.
    """

    syncs_files: bool
    syncs_directories: bool
    exchanges: bool
    symlinks: bool
    hard_links: bool
    changes_owners: bool
    preallocates: bool
    file_system: str

    @property
    def is_network(self) -> bool:
        """Whether readers on other machines may lose a file that is replaced (ESTALE)."""
        return self.file_system.startswith(_NETWORK)

    @property
    def mode(self) -> str:
        """One word for logs and the status: ``full``, or ``limited`` where something that matters is missing."""
        return "limited" if self.limits else "full"

    @property
    def limits(self) -> tuple[str, ...]:
        """What the volume does not allow, in sentences for the operator."""
        missing = {field.name for field in fields(self) if getattr(self, field.name) is False}
        return tuple(sentence for name, sentence in _SENTENCES.items() if name in missing)


_SENTENCES = {
    "syncs_files": "Files are not synced: after a power failure their content is verified again.",
    "syncs_directories": "Directories are not synced: after a power failure a file may be the old one again.",
    "symlinks": "There are no symbolic links: files of a set are published one by one.",
    "hard_links": "There are no hard links: a replaced file is gone at once for readers on other machines.",
    "exchanges": "Entries cannot be exchanged: a directory in the place of a set is refused.",
}


def probe_volume(root: VolumeRoot) -> Abilities:
    """Try what the volume can do, in a directory of its own that is removed again, as those of killed processes are.

    Only the holder of the lease calls this.

    Raises:
        VolumeUnusable: it is read-only, or a rename does not replace a file.
    """
    place = f"{STATE_DIRECTORY}/{_PROBE}{secrets.token_hex(8)}"
    try:
        for left in [name for name in root.names(STATE_DIRECTORY) if name.startswith(_PROBE)]:
            root.remove_tree(f"{STATE_DIRECTORY}/{left}")
        with root.directory(place, is_made=True) as directory:
            try:
                return _probed(directory, file_system=_file_system_of(os.fstat(root.descriptor).st_dev))
            finally:
                for name in _names(directory):
                    os.unlink(name, dir_fd=directory)
                with root.parent_of(place) as (parent, name):
                    os.rmdir(name, dir_fd=parent)
    except OSError as error:
        raise VolumeUnusable(
            f"The volume {root.path} cannot be used: {error.strerror}.",
            hint="It must be writable for this user, and allow files to be replaced by renaming.",
        ) from error


def _probed(directory: int, *, file_system: str) -> Abilities:
    for name in ("a", "b", "c"):
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
        with os.fdopen(opened, "wb") as stream:
            stream.write(_CONTENT)
            syncs_files = _can(stream.flush) and _can(lambda: os.fsync(stream.fileno()))
            preallocates = _can(lambda: _must(preallocate(stream.fileno(), 2 * len(_CONTENT))))
            changes_owners = _can(lambda: os.fchown(stream.fileno(), os.getuid(), -1))
    os.rename("a", "b", src_dir_fd=directory, dst_dir_fd=directory)
    if "a" in _names(directory):
        raise OSError(errno.EIO, "a rename leaves the old name")
    return Abilities(
        syncs_files=syncs_files,
        syncs_directories=_can(lambda: os.fsync(directory)),
        exchanges=_can(lambda: exchange("b", "c", first_directory=directory, second_directory=directory)),
        symlinks=_can(lambda: os.symlink("b", "s", dir_fd=directory)),
        hard_links=_can(lambda: os.link("b", "l", src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)),
        changes_owners=changes_owners,
        preallocates=preallocates,
        file_system=file_system,
    )


def _names(directory: int) -> list[str]:
    with os.scandir(directory) as scan:
        return [entry.name for entry in scan]


def _can(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
            raise
        return False
    return True


def _must(result: object) -> None:
    if not result:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


def _file_system_of(device: int) -> str:
    """The type of the file system with this device number."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in _MOUNTS.read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            if before.split()[2] == wanted:
                return after.split()[0]
    return "unknown"
