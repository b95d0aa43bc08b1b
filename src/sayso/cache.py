"""A content-addressed cache of bytes in a directory: bounded, shared, and never wrong.

An entry is one file, complete or absent (written under another name and renamed), with a checksum: processes share a
directory without locks, and a damaged entry is a miss. What has not been used for longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from sayso.files import make_private_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = structlog.get_logger(__name__)

_MAGIC = b"sayso cache 1\n"
_DIGEST_BYTES = 16
_SUFFIX = ".entry"

# A clean-up leaves this share of the bound, so that not every further entry starts another.
_KEPT_SHARE = 0.9


class Cache(Protocol):
    """Where bytes are kept between calls, by key; may be used from many threads.

    A key is 64 hexadecimal digits over everything that decides the bytes.
    """

    def get(self, key: str) -> bytes | None:
        """What was kept under this key, or None."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes, as far as there is room."""
        ...

    def close(self, timeout_seconds: float) -> None:
        """Finish what is under way, as far as that takes no longer than this; nothing is kept afterwards."""
        ...


class NoCache:
    """The cache that keeps nothing."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002 - nothing is kept
        """Nothing is ever there."""
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keep nothing."""

    def close(self, timeout_seconds: float) -> None:
        """Nothing is under way."""


class OwnedCache:
    """The part of a cache that is one owner's: nobody else finds what is in it, nor whether anything is.

    Args:
        store: the whole cache.
        owner: whose part it is; not empty.
    """

    def __init__(self, store: Cache, owner: str) -> None:
        self._store = store
        self._owner = owner.encode()

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        return self._store.get(self._own(key))

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`."""
        self._store.put(self._own(key), data)

    def close(self, timeout_seconds: float) -> None:
        """See `Cache.close`: whoever opened the whole closes it."""

    def _own(self, key: str) -> str:
        return hashlib.sha256(key.encode() + self._owner).hexdigest()  # keys are of one length


class DirectoryCache:
    """A cache in a directory, which any number of threads and processes may share.

    The count of bytes is this process's estimate: exact when it starts, then its own additions. The clean-up counts
    anew, so that what other processes added is bounded too.
    """

    def __init__(self, directory: Path, *, maximum_bytes: int) -> None:
        """Use a directory, which is made when the first entry is."""
        self._directory = directory
        self._maximum_bytes = maximum_bytes
        self._lock = threading.Lock()  # guards the estimate, and lets one thread at a time clean up
        self._bytes: int | None = None
        self._has_failed = False

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`; an entry that is damaged is removed, and a miss."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        data = unsealed(entry)
        if data is None:
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):  # evicted by another process meanwhile: we have it all the same
            os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`.

        A cache that cannot be written (no space, no permission) costs time later, never this work: it is logged, once.
        """
        try:
            self._write(self._path(key), sealed(data))
            self._make_room(len(data))
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                _log.warning("cache not written", directory=str(self._directory), reason=error.strerror)

    def close(self, timeout_seconds: float) -> None:
        """Nothing is under way: each entry is written by whoever puts it."""

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}{_SUFFIX}"

    def _write(self, path: Path, entry: bytes) -> None:
        make_private_directory(path.parent)
        # Not fsynced: after a power cut the checksum tells, and the entry is made again.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(entry)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self, added_bytes: int) -> None:
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._entries())
            else:
                self._bytes += added_bytes
            if self._bytes <= self._maximum_bytes:
                return
            entries = sorted(self._entries())
            self._bytes = sum(size for _, size, _ in entries)
            for _, size, path in entries:
                if self._bytes <= self._maximum_bytes * _KEPT_SHARE:
                    break
                path.unlink(missing_ok=True)
                self._bytes -= size

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Every file under the directory: when it was last used, its size in bytes, its path."""
        for path in self._directory.glob("*/*"):
            with contextlib.suppress(OSError):  # another process removed it
                facts = path.stat()
                yield facts.st_mtime, facts.st_size, path


def sealed(data: bytes) -> bytes:
    """An entry as it is stored: its bytes, after what tells whether they are still the same."""
    return _MAGIC + _digest(data) + data


def unsealed(entry: bytes) -> bytes | None:
    """The bytes of a stored entry; None if it is damaged, or none at all."""
    start = len(_MAGIC) + _DIGEST_BYTES
    if not entry.startswith(_MAGIC) or entry[len(_MAGIC) : start] != _digest(memoryview(entry)[start:]):
        return None
    return entry[start:]


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
