"""Files in a directory, published atomically."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from sayso.errors import Cancelled, InvalidInput, OutputChanged, OutputFailed, ServiceUnavailable
from sayso.files import create_private, make_private_directory, private_lock
from sayso.storage.base import ListedFile, Stored
from sayso.storage.uris import RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator
    from pathlib import Path

    from sayso.storage.links import SignedFiles

T = TypeVar("T")

_BLOCK_BYTES = 2**20
_LOCK_NAME = f"{RESERVED_PREFIX}lock"
_PART_SUFFIX = ".part"
_POLL_SECONDS = 0.005  # a lock is held only during a rename


class LocalStorage:
    """See `sayso.storage.Storage`; for ``file://`` URIs below one directory, which processes may share.

    Files are read and written on threads of the event loop's pool. A file is copied to a hidden name in its own
    directory and renamed under a lock of that directory, so that each of several writers sees what it replaces. A
    writer locks its hidden copy. A copy whose writer was killed is not locked, and the next publication removes it.

    The version of a file consists of its inode and the time of its last change. The checksum is not stored but computed
    on demand, so it is right even for a file that another program has changed.

    New files and directories are private by default: modes 0600 and 0700, whatever the umask is.

    Args:
        files: the directory, and how it is linked to.
        group_reads: whether the group may read new files, too.
        everyone_reads: whether every user of the machine may, such as that of a web server.
        staging: the name of a directory below the root for the hidden copies; None for each file's own directory, which
            is searched for those of dead writers at each publication, and so should not have many thousands of files.
    """

    def __init__(
        self,
        files: SignedFiles,
        *,
        group_reads: bool = False,
        everyone_reads: bool = False,
        staging: str | None = None,
    ) -> None:
        self._root = files.root
        self._files = files
        self._readers = {"group_reads": group_reads, "everyone_reads": everyone_reads}
        self._staging = None if staging is None else self._root.directory / staging

    async def check(self, root: str) -> None:
        """See `Storage.check`; nothing to check: directories are made with their first file."""

    async def find(self, uri: str) -> Stored | None:
        """See `Storage.find`."""
        return await asyncio.to_thread(self._find, uri)

    def _find(self, uri: str) -> Stored | None:
        path = self._root.of_uri(uri)
        with _reading(path):
            try:
                stream = path.open("rb", buffering=0)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None
            with stream:
                digest = hashlib.file_digest(stream, "sha256")
                return _stored(uri, stream, digest.hexdigest())

    async def publish(
        self,
        path: Path,
        uri: str,
        *,
        content_type: str,  # noqa: ARG002
        over: str | None,
        sha256: str | None = None,
    ) -> Stored:
        """See `Storage.publish`; the media type is derived from the name when the file is served.

        A cancelled call ends after its thread has stopped: nothing is published afterwards.
        """
        cancelled = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(self._publish, path, uri, over, sha256, cancelled))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled.set()
            with suppress(Exception):
                await work
            raise

    def _publish(
        self, path: Path, uri: str, over: str | None, sha256: str | None, cancelled: threading.Event
    ) -> Stored:
        target = self._root.of_uri(uri)
        with _writing(target), path.open("rb", buffering=0) as source:
            make_private_directory(target.parent, **self._readers)
            staging = self._staging or target.parent
            if staging != target.parent:
                make_private_directory(staging)
            with _hidden(staging, **self._readers) as (hidden, copy):
                sha256 = _copied(source, copy, cancelled, sha256)
                with _locked(target.parent):
                    if cancelled.is_set():
                        raise Cancelled(f"{uri} is not wanted any more.")
                    if _version_at(target) != over:
                        raise OutputChanged(f"{uri} is not what it was.")
                    hidden.replace(target)
                _flush(target.parent)
                return _stored(uri, copy, sha256)

    async def read(self, uri: str) -> AsyncIterator[bytes]:
        """See `Storage.read`."""
        path = self._root.of_uri(uri)
        stream = await asyncio.to_thread(_open, path, uri)
        try:
            while block := await asyncio.to_thread(_block, stream, path):
                yield block
        finally:
            stream.close()

    async def files_in(self, root: str) -> AsyncIterator[ListedFile]:
        """See `Storage.files_in`."""
        for file in await asyncio.to_thread(_listed, self._root.directory_of_uri(root)):
            yield file

    async def delete(self, *uris: str) -> int:
        """See `Storage.delete`."""
        return await asyncio.to_thread(self._delete, uris)

    def _delete(self, uris: Collection[str]) -> int:
        deleted, changed = 0, set()
        directories: dict[Path, set[Path]] = {}
        for path in map(self._root.of_uri, uris):
            directories.setdefault(path.parent, set()).add(path)
        for directory, paths in directories.items():
            with _writing(directory), suppress(FileNotFoundError):  # another process removed it
                if not directory.is_dir():
                    continue
                with _locked(directory):
                    there = [path for path in paths if path.exists()]
                    for path in there:
                        path.unlink(missing_ok=True)
                    is_removed = directory != self._root.directory and _removed_if_empty(directory)
                deleted += len(there)
                changed.add(directory.parent if is_removed else directory)
        for directory in changed:  # once for each directory, however many files were in it: this is the slowest step
            with _writing(directory), suppress(FileNotFoundError):
                _flush(directory)
        return deleted

    async def link(self, uri: str, *, seconds: int, file_name: str) -> str:
        """See `Storage.link`; the URL points to this service, and is relative if its address is not set."""
        return self._files.url(self._root.of_uri(uri), seconds=seconds, file_name=file_name)

    async def close(self) -> None:
        """See `Storage.close`."""


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceUnavailable(f"Cannot read {path}: {error.strerror or error}.") from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputFailed(f"Cannot write {path}: {error.strerror or error}.") from error


def _listed(directory: Path) -> list[ListedFile]:
    found = []
    with _reading(directory), suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # it was removed meanwhile
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith(RESERVED_PREFIX):
                    facts = entry.stat(follow_symlinks=False)
                    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
                    found.append(ListedFile(name=entry.name, size_bytes=facts.st_size, modified_at=modified_at))
    return found


def _open(path: Path, uri: str) -> BinaryIO:
    with _reading(path):
        try:
            return path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise InvalidInput(f"There is no {uri}") from None


def _block(stream: BinaryIO, path: Path) -> bytes:
    with _reading(path):
        return stream.read(_BLOCK_BYTES)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the lock of a directory: only its holder, of all threads and processes, may change the names there."""
    with private_lock(directory / _LOCK_NAME, poll_seconds=_POLL_SECONDS):
        yield


@contextmanager
def _hidden(
    directory: Path, *, group_reads: bool = False, everyone_reads: bool = False
) -> Iterator[tuple[Path, BinaryIO]]:
    """A new hidden file, locked while it is open, and removed at the end unless it was renamed."""
    with _locked(directory):
        _remove_stale(directory)
        hidden = directory / f"{RESERVED_PREFIX}{secrets.token_hex(8)}{_PART_SUFFIX}"
        copy = create_private(hidden, group_reads=group_reads, everyone_reads=everyone_reads)
        fcntl.flock(copy, fcntl.LOCK_EX)
    with copy:
        try:
            yield hidden, copy
        finally:
            hidden.unlink(missing_ok=True)


def _remove_stale(directory: Path) -> None:
    """Remove the hidden files of writers that died."""
    for path in directory.glob(f"{RESERVED_PREFIX}*{_PART_SUFFIX}"):
        with suppress(OSError), path.open("r+b") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _removed_if_empty(directory: Path) -> bool:
    """Remove a directory whose lock the caller holds, if it contains only the lock and files of dead writers."""
    _remove_stale(directory)
    if any(path.name != _LOCK_NAME for path in directory.iterdir()):
        return False
    (directory / _LOCK_NAME).unlink()
    try:
        directory.rmdir()
    except OSError:  # another writer has come in the meantime, with a lock of its own
        return False
    return True


def _copied(source: BinaryIO, copy: BinaryIO, cancelled: threading.Event, sha256: str | None) -> str:
    """Copy to the end and to the disk unless cancelled; returns the content's SHA-256, computed unless it is known."""
    digest = hashlib.sha256()
    while not cancelled.is_set() and (block := source.read(_BLOCK_BYTES)):
        if sha256 is None:
            digest.update(block)
        copy.write(block)
    copy.flush()
    os.fsync(copy.fileno())
    return sha256 or digest.hexdigest()


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version_at(path: Path) -> str | None:
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return _version(facts)


def _stored(uri: str, stream: BinaryIO, sha256: str) -> Stored:
    facts = os.fstat(stream.fileno())
    return Stored(uri=uri, version=_version(facts), size_bytes=facts.st_size, sha256=sha256)


def _version(facts: os.stat_result) -> str:
    return f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"
