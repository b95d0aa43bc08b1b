"""What is to be transferred, how, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.resilience.retry_policies import S3_READ, RetryPolicy

if TYPE_CHECKING:
    from sayso.modelsync.records import Checksum, LocalStat, RemoteObject

_MEBIBYTE = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """An object to be fetched.

    Attributes:
        remote: the object, as it was listed; its ETag, and its version if that is known, are what is fetched.
        path: where it will be published, below the root; it is fetched into a temporary file beside it.
        expected: checksums that a manifest gives.
        priority: lower numbers come first; those below 0 have a connection more, which others do not take.
    """

    remote: RemoteObject
    path: str
    expected: tuple[Checksum, ...] = ()
    priority: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloaded:
    """A file that was fetched completely; it is not published, and not synced yet.

    Attributes:
        remote: the object as the bucket described it meanwhile: with its version and its checksums.
        path: where it will be published.
        temporary: the path of the temporary file, below the root; its receiver must rename or remove it.
        stat: of the temporary file.
        checksums: of its content as it was received; always CRC64NVME, and those that it was compared with.
        is_verified: whether a checksum of the bucket or of a manifest was compared, and is equal.
        unverifiable_reason: why none could be compared; None otherwise.
        received_bytes: over the network; less than the size if the transfer resumed an earlier one.
        seconds: how long it took.
    """

    remote: RemoteObject
    path: str
    temporary: str
    stat: LocalStat
    checksums: tuple[Checksum, ...]
    is_verified: bool
    unverifiable_reason: str | None
    received_bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferOptions:
    """How objects are fetched.

    Attributes:
        connections: how many ranges or small files are fetched at once.
        range_bytes: larger objects are fetched in ranges of this size.
        buffer_bytes: of each connection.
        bytes_per_second: the limit of all transfers together; None for none.
        reserve_bytes: how much of the volume stays free.
        damaged_attempts: how often an object is fetched whose content differs from its checksum.
        stall_seconds: a connection that brings less than 1 KiB a second for so long is given up.
        is_etag_md5: whether ETags of the bucket are MD5s where S3's are; False for servers whose ETags only look so.
        retry: when a range is asked for again; the count starts again after each attempt that brought bytes.
    """

    connections: int = 16
    range_bytes: int = 16 * _MEBIBYTE
    buffer_bytes: int = _MEBIBYTE
    bytes_per_second: int | None = None
    reserve_bytes: int = 0
    damaged_attempts: int = 3
    stall_seconds: float = 30.0
    is_etag_md5: bool = True
    retry: RetryPolicy = S3_READ
