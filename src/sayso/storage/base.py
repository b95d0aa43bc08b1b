"""What every storage promises: files by URI, each there whole or not at all, and never replaced by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A file in a storage.

    Attributes:
        uri: where it is.
        version: changes whenever the file does; only for comparison with another of the same URI.
        size_bytes: its size.
        sha256: of its content, in hexadecimal, where Sayso wrote it; None for a file of somebody else.
    """

    uri: str
    version: str
    size_bytes: int
    sha256: str | None


class Storage(Protocol):
    """Files by URI, all of one scheme. Asynchronous, and of the event loop that opened it.

    Every call raises `InvalidInput` for a URI that is not this storage's, or would leave its root, and
    `ServiceUnavailable` when the service does not answer within a few tries.
    """

    async def check(self, root: str) -> None:
        """Make sure that there is a place for files whose URIs begin so; for the start.

        Raises:
            ResourceMissing: there is none.
        """
        ...

    async def find(self, uri: str) -> Stored | None:
        """The file there, or None.

        Raises:
            OutputFailed: no file can be there: there is no such bucket.
        """
        ...

    async def publish(
        self, path: Path, uri: str, *, content_type: str, over: str | None, sha256: str | None = None
    ) -> Stored:
        """Put a finished file there, whole or not at all.

        Args:
            path: a local file, which is left as it is.
            uri: where to.
            content_type: its media type.
            over: the version that it may replace; None where there must be none.
            sha256: of the file's content, in hexadecimal, where the caller has computed it.

        Raises:
            OutputChanged: there is another version.
            OutputFailed: it cannot be written: no permission, no space, no such bucket.
        """
        ...

    def read(self, uri: str) -> AsyncIterator[bytes]:
        """The content of the file, in blocks.

        Raises:
            InvalidInput: there is no such file.
        """
        ...

    async def delete(self, *uris: str) -> int:
        """Remove files, and return how many there may have been; one that is not there is no error.

        Directories that are empty then are removed, too. A failure leaves open which of the files are gone.

        Raises:
            OutputFailed: a file cannot be removed: no permission, no such bucket.
        """
        ...

    async def link(self, uri: str, *, seconds: int, file_name: str) -> str:
        """A URL at which anybody may read the file for so long, and save it under this name."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class Storages:
    """The storages there are, by the schemes of their URIs: ``s3``, ``file``."""

    def __init__(self, storages: Mapping[str, Storage]) -> None:
        self._storages = dict(storages)

    def of(self, uri: str) -> Storage:
        """The storage that has this URI.

        Raises:
            InvalidInput: there is none for its scheme.
        """
        scheme = uri.partition("://")[0]
        if scheme not in self._storages:
            known = ", ".join(f"{name}://" for name in sorted(self._storages))
            raise InvalidInput(f"{uri!r} is in no storage of this process", hint=f"It knows {known}.")
        return self._storages[scheme]

    async def delete(self, *uris: str) -> int:
        """Remove files, each from the storage that has it; see `Storage.delete`."""
        storages: dict[Storage, list[str]] = {}
        for uri in uris:
            storages.setdefault(self.of(uri), []).append(uri)
        return sum([await storage.delete(*those) for storage, those in storages.items()])

    async def close(self) -> None:
        """Close each of them."""
        for storage in self._storages.values():
            await storage.close()
