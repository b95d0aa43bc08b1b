"""The interface of all storages: files by URI, published atomically, and replaced only on condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A file in a storage.

    Attributes:
        uri: of the file.
        version: changes whenever the file does; only comparable with a version of the same URI.
        size_bytes: of the content.
        sha256: of the content, in hexadecimal, if Sayso wrote the file; otherwise None.
    """

    uri: str
    version: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFile:
    """A file in the list of a directory.

    Attributes:
        name: its last name.
        size_bytes: of the content.
        modified_at: when it was written, in UTC.
    """

    name: str
    size_bytes: int
    modified_at: datetime


class Storage(Protocol):
    """Files by URI, all of one scheme. Asynchronous; belongs to the event loop that opened it.

    Every call raises `InvalidInput` for a URI of another storage or outside of its root, and `ServiceUnavailable` when
    the service does not answer within a few tries.
    """

    async def check(self, root: str) -> None:
        """Check at the start that files whose URIs have this prefix can be stored.

        Raises:
            ResourceMissing: the bucket does not exist.
        """
        ...

    async def find(self, uri: str) -> Stored | None:
        """The file at this URI, or None.

        Raises:
            OutputFailed: the bucket does not exist.
        """
        ...

    async def publish(
        self, path: Path, uri: str, *, content_type: str, over: str | None, sha256: str | None = None
    ) -> Stored:
        """Upload a finished file, atomically.

        Args:
            path: a local file, which is not changed.
            uri: of the new file.
            content_type: its media type.
            over: the version that it may replace; None if the URI must be free.
            sha256: of the content, in hexadecimal, if the caller has computed it.

        Raises:
            OutputChanged: the URI has another version.
            OutputFailed: the file cannot be written: no permission, no space, no such bucket.
        """
        ...

    def read(self, uri: str) -> AsyncIterator[bytes]:
        """The content of the file, in blocks.

        Raises:
            InvalidInput: the file does not exist.
        """
        ...

    def files_in(self, root: str) -> AsyncIterator[ListedFile]:
        """The files directly below a URI, in any order; those of its subdirectories are not.

        Files that the storage itself keeps there, such as locks, are left out. One that is written or removed
        meanwhile may be in the list or not.
        """
        ...

    async def delete(self, *uris: str) -> int:
        """Remove files, and return an upper bound of how many existed; a missing file is no error.

        Directories that become empty are removed, too. After a failure, some of the files may be gone.

        Raises:
            OutputFailed: a file cannot be removed: no permission, no such bucket.
        """
        ...

    async def link(self, uri: str, *, seconds: int, file_name: str) -> str:
        """A URL at which anyone may read the file for so many seconds, and save it under this name."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Storages:
    """The storages of this process by the scheme of their URIs: ``s3``, ``file``."""

    def __init__(self, storages: Mapping[str, Storage]) -> None:
        self._storages = dict(storages)

    def of(self, uri: str) -> Storage:
        """The storage of this URI.

        Raises:
            InvalidInput: no storage has its scheme.
        """
        scheme = uri.partition("://")[0]
        if scheme not in self._storages:
            known = ", ".join(f"{name}://" for name in sorted(self._storages))
            raise InvalidInput(f"{uri!r} is in no storage of this process", hint=f"It knows {known}.")
        return self._storages[scheme]

    async def delete(self, *uris: str) -> int:
        """Remove files, each from its storage; see `Storage.delete`."""
        storages: dict[Storage, list[str]] = {}
        for uri in uris:
            storages.setdefault(self.of(uri), []).append(uri)
        return sum([await storage.delete(*those) for storage, those in storages.items()])

    async def close(self) -> None:
        """Close all storages."""
        for storage in self._storages.values():
            await storage.close()
