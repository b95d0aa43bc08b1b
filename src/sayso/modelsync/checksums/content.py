"""Checksums of content: by a stream, by ranges in any order, and what an object's checksums allow to be verified.

CRCs of ranges are combined into the CRC of the whole, so a file that is downloaded in parallel ranges is hashed while
it is written. The other algorithms need the content in order: `sayso.modelsync.checksums.range_hashes` feeds them.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sayso.errors import NotInstalled
from sayso.installation import install_hint
from sayso.modelsync.records import Checksum, ChecksumAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Buffer: TypeAlias = bytes | bytearray | memoryview

_MEBIBYTE = 2**20

_HEADERS = {
    "x-amz-checksum-crc64nvme": ChecksumAlgorithm.CRC64NVME,
    "x-amz-checksum-crc32c": ChecksumAlgorithm.CRC32C,
    "x-amz-checksum-crc32": ChecksumAlgorithm.CRC32,
    "x-amz-checksum-sha256": ChecksumAlgorithm.SHA256,
    "x-amz-checksum-sha1": ChecksumAlgorithm.SHA1,
}

_CRC_BYTES = {ChecksumAlgorithm.CRC64NVME: 8, ChecksumAlgorithm.CRC32C: 4, ChecksumAlgorithm.CRC32: 4}

_PREFERENCE = (
    ChecksumAlgorithm.CRC64NVME,
    ChecksumAlgorithm.CRC32C,
    ChecksumAlgorithm.CRC32,
    ChecksumAlgorithm.SHA256,
    ChecksumAlgorithm.SHA1,
    ChecksumAlgorithm.MD5,
)
"""The fastest first; all of them detect damage."""

_USUAL_PART_BYTES = tuple(size * _MEBIBYTE for size in (8, 5, 16, 15, 10, 32, 50, 64, 100, 128, 256, 512, 1024))
"""Part sizes of widespread clients: the AWS CLI, boto3 and MinIO; the console; rclone and others."""


class ContentHash(Protocol):
    """A checksum that is calculated from content in order; for one thread."""

    def update(self, data: Buffer, /) -> None:
        """Add the next bytes."""
        ...

    def hexdigest(self) -> str:
        """The checksum of all bytes so far, in lower-case hexadecimal."""
        ...


class CrcHash:
    """A `ContentHash` of CRC64NVME, CRC32C or CRC32.

    Raises:
        NotInstalled: the extra ``aws`` is missing.
    """

    def __init__(self, algorithm: ChecksumAlgorithm) -> None:
        self._algorithm = algorithm
        self._calculate = _crc_function(algorithm)
        self.value = 0

    def update(self, data: Buffer) -> None:
        """See `ContentHash.update`."""
        self.value = self._calculate(data, self.value)

    def hexdigest(self) -> str:
        """See `ContentHash.hexdigest`."""
        return crc_hex(self._algorithm, self.value)


def new_hash(algorithm: ChecksumAlgorithm) -> ContentHash:
    """A hash of no bytes yet.

    Raises:
        NotInstalled: the extra ``aws`` is missing.
    """
    if is_crc(algorithm):
        return CrcHash(algorithm)
    return hashlib.new(algorithm.lower(), usedforsecurity=False)


def is_crc(algorithm: ChecksumAlgorithm) -> bool:
    """Whether the checksums of ranges can be combined."""
    return algorithm in _CRC_BYTES


def crc_hex(algorithm: ChecksumAlgorithm, value: int) -> str:
    """A CRC in lower-case hexadecimal, in the byte order of S3."""
    return value.to_bytes(_CRC_BYTES[algorithm], "big").hex()


def combine_crc(algorithm: ChecksumAlgorithm, first: int, second: int, second_bytes: int) -> int:
    """The CRC of two ranges, one after the other, from the CRC of each.

    Args:
        algorithm: of both.
        first: the CRC of the first range.
        second: the CRC of the second.
        second_bytes: the length of the second range.

    Raises:
        NotInstalled: the extra ``aws`` is missing.
    """
    combined: int = getattr(_crc_library(), f"combine_{algorithm.lower()}")(first, second, second_bytes)
    return combined


def composite_hex(algorithm: ChecksumAlgorithm, part_digests: Sequence[str]) -> str:
    """The composite checksum of an upload in parts: of the checksums of the parts, with their number.

    Args:
        algorithm: of all of them.
        part_digests: the checksums of the parts in order, in hexadecimal.
    """
    content = new_hash(algorithm)
    content.update(b"".join(bytes.fromhex(digest) for digest in part_digests))
    return f"{content.hexdigest()}-{len(part_digests)}"


def checksums_of_headers(headers: Mapping[str, str]) -> tuple[Checksum, ...]:
    """The checksums in the headers of a response of S3, the most useful one first.

    A checksum is composite if the header ``x-amz-checksum-type`` or the form of its value says so. A value that cannot
    be decoded is left out.

    Args:
        headers: their names in lower case.
    """
    is_composite = headers.get("x-amz-checksum-type", "").upper() == "COMPOSITE"
    found = [
        checksum
        for name, algorithm in _HEADERS.items()
        if name in headers and (checksum := _decoded(algorithm, headers[name], is_composite=is_composite)) is not None
    ]
    return tuple(sorted(found, key=lambda checksum: _PREFERENCE.index(checksum.algorithm)))


def _decoded(algorithm: ChecksumAlgorithm, value: str, *, is_composite: bool) -> Checksum | None:
    encoded, dash, parts = value.strip().partition("-")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
    if len(digest) != _digest_bytes(algorithm) or (dash and not parts.isdecimal()):
        return None
    suffix = f"-{parts}" if dash else ""
    return Checksum(algorithm=algorithm, digest=digest.hex() + suffix, is_full_object=not (is_composite or dash))


def _digest_bytes(algorithm: ChecksumAlgorithm) -> int:
    return _CRC_BYTES.get(algorithm) or hashlib.new(algorithm.lower(), usedforsecurity=False).digest_size


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """The checksum that a content must have.

    Attributes:
        algorithm: of the checksum.
        digest: in lower-case hexadecimal; of a composite checksum with ``-`` and the number of parts.
        part_bytes: the size of each part but the last of a composite checksum; None for a checksum of the whole.
        is_certain: whether another checksum means another content; False where the size of the parts is a guess, so
            that only an equal checksum says something.
    """

    algorithm: ChecksumAlgorithm
    digest: str
    part_bytes: int | None = None
    is_certain: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Unverifiable:
    """The bucket has no checksum with which a content can be compared.

    Attributes:
        reason: in a few words: ``the ETag is not an MD5``.
    """

    reason: str


Expectation: TypeAlias = Expected | Unverifiable


def expectation(
    checksums: Iterable[Checksum],
    *,
    etag: str,
    size_bytes: int,
    is_etag_md5: bool = True,
    part_bytes: int | None = None,
) -> Expectation:
    """What a content is compared with: the fastest checksum of the whole, else a composite one, else the ETag.

    Args:
        checksums: that the bucket has of the object.
        etag: of the object, without quotes.
        size_bytes: of the object.
        is_etag_md5: whether the ETag is made of MD5s; False for an object encrypted with a key of KMS or of the client,
            and for servers whose ETags are something else.
        part_bytes: the size of the parts of the upload, if it is known.
    """
    ordered = sorted(checksums, key=lambda checksum: _PREFERENCE.index(checksum.algorithm))
    for checksum in ordered:
        if checksum.is_full_object:
            return Expected(algorithm=checksum.algorithm, digest=checksum.digest)
    composites = [(checksum.algorithm, checksum.digest) for checksum in ordered]
    if is_etag_md5:
        if _is_hex_md5(etag):
            return Expected(algorithm=ChecksumAlgorithm.MD5, digest=etag)
        composites.append((ChecksumAlgorithm.MD5, etag))
    for algorithm, digest in composites:
        size = _part_bytes(digest, size_bytes, part_bytes)
        if size is not None:
            return Expected(algorithm=algorithm, digest=digest, part_bytes=size, is_certain=part_bytes is not None)
    return Unverifiable(reason=_reason(etag, is_etag_md5=is_etag_md5, is_composite=parts_of(etag) is not None))


def parts_of(composite: str) -> int | None:
    """The number of parts that a composite checksum or ETag names; None if it is not composite."""
    digest, dash, parts = composite.rpartition("-")
    return int(parts) if dash and digest and parts.isdecimal() and int(parts) > 0 else None


def _is_hex_md5(etag: str) -> bool:
    return len(etag) == 32 and all(character in "0123456789abcdef" for character in etag)


def _part_bytes(composite: str, size_bytes: int, known: int | None) -> int | None:
    """The size of the parts, if it is known or one of the usual sizes gives this number of parts."""
    parts = parts_of(composite)
    if parts is None or (composite.count("-") != 1):
        return None
    for candidate in (known,) if known is not None else _USUAL_PART_BYTES:
        if max(-(-size_bytes // candidate), 1) == parts:
            return candidate
    return None


def _reason(etag: str, *, is_etag_md5: bool, is_composite: bool) -> str:
    if not is_etag_md5:
        return "it has no checksum, and its ETag is not an MD5"
    if is_composite:
        return "it was uploaded in parts of unknown size"
    return "it has no checksum" if etag else "it has neither a checksum nor an ETag"


def _crc_function(algorithm: ChecksumAlgorithm) -> Callable[[Buffer, int], int]:
    function: Callable[[Buffer, int], int] = getattr(_crc_library(), algorithm.lower())
    return function


def _crc_library() -> Any:
    try:
        from awscrt import checksums
    except ImportError as error:
        raise NotInstalled("Checksums of S3 need the extra `aws`.", hint=install_hint("aws")) from error
    return checksums
