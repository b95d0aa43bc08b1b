"""What the bucket says of one object, in the headers of HEAD and GET."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from sayso.errors import ServiceUnavailable
from sayso.modelsync.checksums.content import checksums_of_headers, expectation, parts_of
from sayso.modelsync.records import RemoteObject
from sayso.resilience.retry import RetryableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sayso.modelsync.checksums.content import Expectation

CHECKSUM_MODE = {"x-amz-checksum-mode": "ENABLED"}
"""Asks S3 for the checksums that it has of an object."""

_KMS = frozenset({"aws:kms", "aws:kms:dsse"})
_NULL_VERSION = "null"  # of an object that is older than the versions of its bucket


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectFacts:
    """An object, and what its ETag is.

    Attributes:
        remote: the object.
        is_etag_md5: whether the ETag is made of MD5s of the content; False if the headers say that it is encrypted with
            a key of KMS or of the client.
        part_bytes: the size of the parts of its upload; None if it is not known.
    """

    remote: RemoteObject
    is_etag_md5: bool
    part_bytes: int | None = None

    @property
    def expectation(self) -> Expectation:
        """What its content is compared with."""
        return expectation(
            self.remote.checksums,
            etag=self.remote.etag,
            size_bytes=self.remote.size_bytes,
            is_etag_md5=self.is_etag_md5,
            part_bytes=self.part_bytes,
        )

    @property
    def needs_part_bytes(self) -> bool:
        """Whether the size of its parts would make it verifiable for certain."""
        if self.part_bytes is not None or any(checksum.is_full_object for checksum in self.remote.checksums):
            return False
        composites = [checksum.digest for checksum in self.remote.checksums]
        composites += [self.remote.etag] if self.is_etag_md5 else []
        return any(parts_of(composite) is not None for composite in composites)

    def with_plain_etag(self) -> ObjectFacts:
        """The same, from a server whose ETags are not made of MD5s."""
        return replace(self, is_etag_md5=False)

    def with_part_bytes(self, part_bytes: int | None) -> ObjectFacts:
        """The same, with the size of its parts."""
        return replace(self, part_bytes=part_bytes)


def facts_of_headers(key: str, headers: Mapping[str, str], *, modified_at: datetime | None = None) -> ObjectFacts:
    """The facts in the headers of a response.

    Args:
        key: of the object.
        headers: their names in lower case.
        modified_at: of the object, if that is known already; a date takes long to read.

    Raises:
        RetryableError: the response does not say how large the object is.
    """
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise RetryableError(ServiceUnavailable(f"The server does not say how large {key} is."))
    version_id = headers.get("x-amz-version-id")
    remote = RemoteObject(
        key=key,
        size_bytes=int(length),
        etag=bare_etag(headers.get("etag", "")),
        version_id=None if version_id == _NULL_VERSION else version_id,
        modified_at=modified_at or _date(headers.get("last-modified", "")),
        checksums=checksums_of_headers(headers),
        storage_class=headers.get("x-amz-storage-class"),
    )
    is_encrypted = (
        headers.get("x-amz-server-side-encryption") in _KMS
        or "x-amz-server-side-encryption-customer-algorithm" in headers
    )
    return ObjectFacts(remote=remote, is_etag_md5=not is_encrypted)


def bare_etag(value: str) -> str:
    """An ETag without its quotes."""
    return value.strip().removeprefix("W/").strip('"')


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value)
    except ValueError:
        return None
