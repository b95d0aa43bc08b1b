"""The lease of a volume: one process writes to it, others wait to take over.

It is a lock of the operating system on ``.sayso/lease``, which ends with its process at once; NFS has such locks, too
(they are held for its clients by the server). The holder writes a token into the file. Before it changes the volume it
reads the token again: a process that lost its lock, because its connection to an NFS server was cut for too long, finds
the token of its successor, and changes nothing more.

Where a volume has no locks, or they hold on one machine only (`sayso.modelsync.volume.lock_scope`), the lease can be in
a database (`sayso.modelsync.volume.database_lease`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import socket
import time
from typing import TYPE_CHECKING, Protocol

from sayso.errors import LeaseLost
from sayso.modelsync.errors import VolumeUnusable
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.durability import sync_if_possible

if TYPE_CHECKING:
    from typing import Self

    from sayso.modelsync.volume.directories import VolumeRoot

LEASE_FILE = f"{STATE_DIRECTORY}/lease"
VOLUME_FILE = f"{STATE_DIRECTORY}/volume"
"""Has the name of the volume, by which a database knows it."""

_HELD_ELSEWHERE = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
_MOST_BYTES = 4096
_VOLUME = re.compile(r"[0-9a-f]{32}")
_NAME_ATTEMPTS = 20
_NAME_SECONDS = 0.05
_HINT = (
    "On NFS, mount it with locks (not with nolock); or let a database decide which process writes: "
    "SAYSO_SYNC_DATABASE_URL."
)


class Lease(Protocol):
    """The right to write to a volume; its holder closes it. Any thread may `confirm` it."""

    @property
    def is_takeover(self) -> bool:
        """Whether the holder before may still run, frozen, and must be fenced off."""
        ...

    def confirm(self) -> None:
        """Make sure that the lease is still held.

        Raises:
            LeaseLost: another process has it, or may have it.
        """
        ...

    def close(self) -> None:
        """Release the lease."""
        ...


class VolumeLease:
    """A lease that is held; `close` releases it. Any thread may `confirm` it.

    Attributes:
        is_takeover: False: a lock of the operating system ends with its process.
    """

    is_takeover = False

    def __init__(self, root: VolumeRoot, descriptor: int, token: str) -> None:
        """Not to be called; see `take`."""
        self._root = root
        self._descriptor = descriptor
        self._token = token

    @classmethod
    def take(cls, root: VolumeRoot, *, locks: bool = True) -> Self | None:
        """Take the lease of a volume; None if another process has it.

        Args:
            root: of the volume.
            locks: whether the file is locked; False where a database decides, so that a holder that is frozen, and
                keeps its lock, does not keep others out.

        Raises:
            VolumeUnusable: the volume has no locks.
            OutputFailed: the file of the lease cannot be written.
        """
        try:
            descriptor = root.open(LEASE_FILE, os.O_RDWR | os.O_CREAT, is_made=True)
        except OSError as error:
            raise volume_error(error, LEASE_FILE) from error
        try:
            if locks and not _is_locked(descriptor):
                os.close(descriptor)
                return None
            lease = cls(root, descriptor, secrets.token_hex(16))
            lease._write()
        except OSError as error:
            os.close(descriptor)
            raise volume_error(error, LEASE_FILE) from error
        except BaseException:
            os.close(descriptor)
            raise
        return lease

    def confirm(self) -> None:
        """Make sure that the lease is still held.

        Raises:
            LeaseLost: another process has it, or the volume is at its path no more.
        """
        try:
            is_in_place = self._root.is_in_place()
            found = self._root.stat(LEASE_FILE)
            own = os.fstat(self._descriptor)
            content = os.pread(self._descriptor, _MOST_BYTES, 0)
        except OSError as error:
            raise LeaseLost(f"The lease of the volume cannot be read: {error.strerror}.") from error
        if not is_in_place:
            raise LeaseLost(f"Another directory is at {self._root.path} now: the volume was moved or replaced.")
        is_same_file = found is not None and (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)
        if not is_same_file or self._token.encode() not in content:
            raise LeaseLost("Another process has taken over the volume.")

    def close(self) -> None:
        """Release the lease."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self) -> None:
        note = {"token": self._token, "host": socket.gethostname(), "process": os.getpid()}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(note).encode(), 0)
        sync_if_possible(self._descriptor)  # without it, other processes see the token all the same


def lease_holder(root: VolumeRoot) -> str | None:
    """Who had the lease last, for messages: the host and the process; None if that is not known."""
    try:
        descriptor = root.open(LEASE_FILE, os.O_RDONLY)
        try:
            note = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
        finally:
            os.close(descriptor)
        return f"process {note['process']} on {note['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def holder_of_process() -> str:
    """What this process is for others who ask who has the lease."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def volume_id(root: VolumeRoot) -> str:
    """The name of a volume, which is made once and stays on it; all who see the volume find the same one.

    Raises:
        OutputFailed: it cannot be written, or not be read.
    """
    try:
        try:
            descriptor = root.open(VOLUME_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, is_made=True)
        except FileExistsError:
            return _read_volume_id(root)
        with os.fdopen(descriptor, "wb") as file:
            name = secrets.token_hex(16)
            file.write(name.encode())
            file.flush()
            sync_if_possible(descriptor)
    except OSError as error:
        raise volume_error(error, VOLUME_FILE) from error
    return name


def _read_volume_id(root: VolumeRoot) -> str:
    """The name that another process has written, or is just writing."""
    for _ in range(_NAME_ATTEMPTS):
        descriptor = root.open(VOLUME_FILE, os.O_RDONLY)
        try:
            found = os.pread(descriptor, _MOST_BYTES, 0).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
        if _VOLUME.fullmatch(found):
            return found
        time.sleep(_NAME_SECONDS)
    raise VolumeUnusable(f"{VOLUME_FILE} has no name of a volume.", hint="Remove it while no process has the volume.")


def _is_locked(descriptor: int) -> bool:
    """Lock the file; whether that succeeded.

    Raises:
        VolumeUnusable: the volume has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_ELSEWHERE:
            return False
        if error.errno in _NO_LOCKS:
            raise VolumeUnusable(
                "The volume has no locks, so that two processes could write to it at once.", hint=_HINT
            ) from error
        raise
    return True
