"""System calls of Linux that Python's `os` does not have; elsewhere they are said not to be supported."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from typing import Any

_EXCHANGE = 2
_START_WRITING = 2


def exchange(first: str, second: str, *, first_directory: int, second_directory: int) -> None:
    """Exchange two entries atomically.

    Raises:
        OSError: it is not possible; EINVAL, ENOSYS or EOPNOTSUPP where the file system cannot do it.
    """
    _call("renameat2", first_directory, os.fsencode(first), second_directory, os.fsencode(second), _EXCHANGE)


def sync_file_system(descriptor: int) -> None:
    """Make everything durable that was written to the file system of a file.

    Raises:
        OSError: a write failed, or the call is not supported.
    """
    _call("syncfs", descriptor)


def start_writing(descriptor: int, position: int, count: int) -> None:
    """Have the system write a range of a file to the disk soon, so that a later sync waits less; a hint.

    Raises:
        OSError: the call is not supported.
    """
    _call("sync_file_range", descriptor, ctypes.c_int64(position), ctypes.c_int64(count), _START_WRITING)


def preallocate(descriptor: int, size_bytes: int) -> bool:
    """Reserve the space of a file; whether the file system can do that.

    Unlike `os.posix_fallocate`, it never writes every block where the file system cannot.

    Raises:
        OSError: there is no space, or the disk fails.
    """
    try:
        _call("fallocate", descriptor, 0, ctypes.c_int64(0), ctypes.c_int64(size_bytes))
    except OSError as error:
        if error.errno in {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}:
            return False
        raise
    return True


def _call(name: str, *arguments: Any) -> None:
    function = getattr(_library(), name, None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    while function(*arguments) != 0:
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
