"""A storage in memory: the reference for all adapters."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from sayso.errors import InvalidInput, OutputChanged, OutputFailed
from sayso.storage import ListedFile, Stored
from sayso.storage.uris import RESERVED_PREFIX, bucket_and_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_BLOCK_BYTES = 2**16


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryFile:
    """A file in memory.

    Attributes:
        content: its bytes.
        content_type: its media type.
        version: the number of files that had been written before it.
        modified_at: when it was written.
    """

    content: bytes
    content_type: str
    version: int
    modified_at: datetime = field(default_factory=partial(datetime.now, UTC))


class InMemoryStorage:
    """See `sayso.storage.Storage`; for ``s3://`` URIs of every bucket, and for one event loop."""

    def __init__(self) -> None:
        self.files: dict[str, MemoryFile] = {}
        self._versions = itertools.count(1)

    async def check(self, root: str) -> None:
        """See `Storage.check`; every bucket exists."""

    async def find(self, uri: str) -> Stored | None:
        """See `Storage.find`."""
        bucket_and_key(uri)
        return _stored(uri, self.files[uri]) if uri in self.files else None

    async def publish(
        self,
        path: Path,
        uri: str,
        *,
        content_type: str,
        over: str | None,
        sha256: str | None = None,  # noqa: ARG002 -- computed when it is read
    ) -> Stored:
        """See `Storage.publish`."""
        found = await self.find(uri)
        if (None if found is None else found.version) != over:
            raise OutputChanged(f"{uri} is not what it was.")
        try:
            content = path.read_bytes()  # noqa: ASYNC240 -- small ones, and no other task may come between
        except OSError as error:
            raise OutputFailed(f"Cannot read {path}: {error.strerror or error}.") from error
        self.files[uri] = MemoryFile(content=content, content_type=content_type, version=next(self._versions))
        return _stored(uri, self.files[uri])

    async def read(self, uri: str) -> AsyncIterator[bytes]:
        """See `Storage.read`."""
        if await self.find(uri) is None:
            raise InvalidInput(f"There is no {uri}")
        content = self.files[uri].content
        for start in range(0, len(content), _BLOCK_BYTES):
            yield content[start : start + _BLOCK_BYTES]

    async def files_in(self, root: str) -> AsyncIterator[ListedFile]:
        """See `Storage.files_in`."""
        prefix = f"{root.rstrip('/')}/"
        for uri, file in list(self.files.items()):
            name = uri.removeprefix(prefix)
            if uri.startswith(prefix) and "/" not in name and not name.startswith(RESERVED_PREFIX):
                yield ListedFile(name=name, size_bytes=len(file.content), modified_at=file.modified_at)

    async def delete(self, *uris: str) -> int:
        """See `Storage.delete`."""
        for uri in uris:
            bucket_and_key(uri)
        return len([uri for uri in uris if self.files.pop(uri, None) is not None])

    async def link(self, uri: str, *, seconds: int, file_name: str) -> str:
        """See `Storage.link`; the URL has a host that never exists."""
        bucket, key = bucket_and_key(uri)
        return f"https://storage.test/{bucket}/{quote(key)}?seconds={seconds}&name={quote(file_name)}"

    async def close(self) -> None:
        """See `Storage.close`."""


def _stored(uri: str, file: MemoryFile) -> Stored:
    sha256 = hashlib.sha256(file.content).hexdigest()
    return Stored(uri=uri, version=str(file.version), size_bytes=len(file.content), sha256=sha256)
