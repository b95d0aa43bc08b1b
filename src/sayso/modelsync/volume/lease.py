"""The lease of a volume: one process writes to it, others wait to take over.

It is a lock of the operating system on ``.sayso/lease``, which ends with its process at once; NFS has such locks, too
(they are held for its clients by the server). The holder writes a token into the file. Before it changes the volume it
reads the token again: a process that lost its lock, because its connection to an NFS server was cut for too long, finds
the token of its successor, and changes nothing more.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import socket
from typing import TYPE_CHECKING

from sayso.errors import LeaseLost
from sayso.modelsync.errors import VolumeUnusable
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.directories import volume_error

if TYPE_CHECKING:
    from typing import Self

    from sayso.modelsync.volume.directories import VolumeRoot

LEASE_FILE = f"{STATE_DIRECTORY}/lease"

_HELD_ELSEWHERE = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
_NO_SYNC = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
_MOST_BYTES = 4096


class VolumeLease:
    """A lease that is held; `close` releases it. Any thread may `confirm` it."""

    def __init__(self, root: VolumeRoot, descriptor: int, token: str) -> None:
        """Not to be called; see `take`."""
        self._root = root
        self._descriptor = descriptor
        self._token = token

    @classmethod
    def take(cls, root: VolumeRoot) -> Self | None:
        """Take the lease of a volume; None if another process has it.

        Raises:
            VolumeUnusable: the volume has no locks.
            OutputFailed: the file of the lease cannot be written.
        """
        try:
            descriptor = root.open(LEASE_FILE, os.O_RDWR | os.O_CREAT, is_made=True)
        except OSError as error:
            raise volume_error(error, LEASE_FILE) from error
        try:
            if not _is_locked(descriptor):
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
            LeaseLost: another process has it.
        """
        try:
            found = self._root.stat(LEASE_FILE)
            own = os.fstat(self._descriptor)
            content = os.pread(self._descriptor, _MOST_BYTES, 0)
        except OSError as error:
            raise LeaseLost(f"The lease of the volume cannot be read: {error.strerror}.") from error
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
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNC:  # without fsync: other processes see the token all the same
                raise


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
                "The volume has no locks, so that two processes could write to it at once.",
                hint="On NFS, mount it with locks (not with nolock).",
            ) from error
        raise
    return True
