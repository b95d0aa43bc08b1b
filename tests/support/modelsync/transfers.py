"""What tests of transfers share: a small and a large object, and transfers to a directory."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sayso.modelsync.records import RemoteObject
from sayso.modelsync.transfers.transfer import Download, Downloaded, TransferOptions, Transfers
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.resilience.retry_policies import RetryPolicy
from support.aws.object_server import ObjectServer, checksum_headers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RANGE = 20_000
OPTIONS = TransferOptions(
    connections=4,
    range_bytes=RANGE,
    buffer_bytes=3_001,
    retry=RetryPolicy(first_seconds=0.001, longest_seconds=0.002, attempts=3),
)
SMALL = bytes(range(256)) * 50
LARGE = hashlib.shake_128(b"large").digest(10 * RANGE + 123)
KEY = "essential/voice/模型 a+b.onnx"


@contextmanager
def transferring(server: ObjectServer, path: Path, options: TransferOptions = OPTIONS) -> Iterator[Transfers]:
    with server.reader() as reader, VolumeRoot(path) as root, Transfers(reader, root, options) as transfers:
        yield transfers


def wanted(server: ObjectServer, key: str = KEY, **changes: Any) -> Download:
    """An object as it would be listed."""
    served = server.objects[key]
    remote = RemoteObject(key=key, size_bytes=len(served.content), etag=served.quoted_etag.strip('"'))
    return replace(Download(remote=remote, path=key), **changes)


def content_of(path: Path, found: Downloaded) -> bytes:
    """What was written."""
    return (path / found.temporary).read_bytes()


def files(path: Path) -> list[str]:
    """All files, also those of Sayso."""
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def crc64(content: bytes) -> str:
    """The checksum that every file has."""
    return checksum_headers(content)["x-amz-checksum-crc64nvme"]
