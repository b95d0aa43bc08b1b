"""A content-addressed cache of bytes in a directory.

The cache is bounded, and processes share it without locks. An entry is one file, complete or absent: it is written
under another name and renamed. It carries a checksum, so a damaged entry counts as a miss. Eviction removes the entries
that were used least recently.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sayso.files import make_private_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"sayso cache 1\n"
_DIGEST_BYTES = 16
_SUFFIX = ".entry"

# Eviction leaves this share of the bound, so that not every further entry starts another eviction.
_KEPT_SHARE = 0.9


class Cache(Protocol):
    """Stores bytes by key; safe to use from many threads.

    A key is 64 hexadecimal digits: a digest of everything that determines the bytes.
    """

    def get(self, key: str) -> bytes | None:
        """The bytes stored under this key, or None."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, if there is room."""
        ...

    def close(self, timeout_seconds: float) -> None:
        """Finish pending writes within this many seconds; nothing is stored afterwards."""
        ...


class NoCache:
    """A cache that stores nothing."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002 - nothing is kept
        """Always a miss."""
        return None

    def put(self, key: str, data: bytes) -> None:
        """Store nothing."""

    def close(self, timeout_seconds: float) -> None:
        """Nothing is pending."""


class OwnedCache:
    """One owner's part of a cache: other owners can neither read its entries nor learn whether they exist.

    Args:
        store: the whole cache.
        owner: the name of the owner; not empty.
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
        """Does nothing: the owner of the whole cache closes it."""

    def _own(self, key: str) -> str:
        return hashlib.sha256(key.encode() + self._owner).hexdigest()  # keys have one length


class DirectoryCache:
    """A cache in a directory that any number of threads and processes may share.

    The size in bytes is this process's estimate: exact at the start, then increased by its own additions. Eviction
    measures the directory again, so that the additions of other processes are bounded too.
    """

    def __init__(self, directory: Path, *, maximum_bytes: int) -> None:
        """Use this directory; it is created with the first entry."""
        self._directory = directory
        self._maximum_bytes = maximum_bytes
        self._lock = threading.Lock()  # guards the estimate, and lets one thread at a time evict
        self._bytes: int | None = None
        self._has_failed = False

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`; a damaged entry is removed and counts as a miss."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        data = unpack_entry(entry)
        if data is None:
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):  # another process evicted it after we read it
            os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`.

        An entry that cannot be written (no space, no permission) does not fail the caller. The failure is logged once.
        """
        try:
            self._write(self._path(key), pack_entry(data))
            self._make_room(len(data))
        except OSError as error:
            if not self._has_failed:
                import structlog  # takes longer than most commands that use a cache

                self._has_failed = True
                log = structlog.get_logger(__name__)
                log.warning("cache not written", directory=str(self._directory), reason=error.strerror)

    def close(self, timeout_seconds: float) -> None:
        """Does nothing: `put` writes each entry before it returns."""

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}{_SUFFIX}"

    def _write(self, path: Path, entry: bytes) -> None:
        make_private_directory(path.parent)
        # Not fsynced: after a power cut the checksum does not match, and the entry is made again.
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
        """Every file under the directory: the time of its last use, its size in bytes, its path."""
        for path in self._directory.glob("*/*"):
            with contextlib.suppress(OSError):  # another process removed it
                facts = path.stat()
                yield facts.st_mtime, facts.st_size, path


def pack_entry(data: bytes) -> bytes:
    """An entry as it is stored: a header with the checksum, then the bytes."""
    return _MAGIC + _digest(data) + data


def unpack_entry(entry: bytes) -> bytes | None:
    """The bytes of a stored entry; None if it is damaged or not an entry."""
    start = len(_MAGIC) + _DIGEST_BYTES
    if not entry.startswith(_MAGIC) or entry[len(_MAGIC) : start] != _digest(memoryview(entry)[start:]):
        return None
    return entry[start:]


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
