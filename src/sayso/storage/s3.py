"""Files in S3 buckets; each put is conditional, so that no object is replaced by mistake."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import structlog

from sayso.aws.errors import AwsRefusal
from sayso.errors import InvalidInput, OutputChanged, OutputFailed, ResourceMissing, ServiceUnavailable
from sayso.storage.base import ListedFile, Stored
from sayso.storage.content_types import content_disposition
from sayso.storage.s3_listing import NO_BUCKET, listed
from sayso.storage.s3_object import NotThere, S3Object, no_bucket
from sayso.storage.s3_upload import Upload, send
from sayso.storage.uris import bucket_and_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from sayso.aws.session import Aws, AwsClient

_log = structlog.get_logger(__name__)

_SHA256 = "sayso-sha256"
"""The metadata key of the content's checksum; S3's entity tag is a checksum of the content only in some cases."""

_OPTIONS = {"signature_version": "s3v4"}  # for links, too; new buckets refuse the default version

_PART_BYTES = 8 * 2**20  # S3 accepts 10,000 parts, of at least 5 MiB
_READS = 4
_SEEN_SECONDS = 30.0

_UNTOLD = frozenset({"301", "400", "403", "AccessDenied", "Forbidden"})
"""The codes with which S3 answers, and does not say whether there is a bucket."""
_DELETES_AT_ONCE = 16
_LONGEST_LINK_SECONDS = 7 * 24 * 3600  # the limit of S3


async def open_s3_storage(
    aws: Aws, *, own_bucket: str | None = None, bucket_setting: str = "OUTPUT_BUCKET", cache_control: str | None = None
) -> S3Storage:
    """The storage over a client of this session, which closes it.

    Args:
        aws: the session.
        own_bucket: see `S3Storage`.
        bucket_setting: see `S3Storage`.
        cache_control: see `S3Storage`.

    Raises:
        NotInstalled, InvalidInput: as for `Aws.client`.
    """
    client = await aws.client("s3", options=_OPTIONS)
    return S3Storage(client, own_bucket=own_bucket, bucket_setting=bucket_setting, cache_control=cache_control)


class S3Storage:
    """See `sayso.storage.Storage`; for ``s3://`` URIs of any bucket that the credentials may use.

    The version of a file is its entity tag. A put that S3 refuses by its condition, or whose response is lost, may have
    succeeded in an earlier try. So it counts as a success if the object has the checksum of the file. A missing
    permission is `ServiceUnavailable`: the file is not at fault, and the permission can be granted.

    Args:
        client: of S3, which its session closes.
        part_bytes: larger files are sent in parts of this size, one after another; one part is in memory.
        own_bucket: the one that the settings name. While it is missing, jobs wait; a job fails if another one is
            missing.
        bucket_setting: the setting that names it, for the hint that it is missing.
        cache_control: the header with which new files are served: how long caches keep them; None for none.
    """

    def __init__(
        self,
        client: AwsClient,
        *,
        part_bytes: int = _PART_BYTES,
        own_bucket: str | None = None,
        bucket_setting: str = "OUTPUT_BUCKET",
        cache_control: str | None = None,
    ) -> None:
        self._client = client
        self._part_bytes = part_bytes
        self._own_bucket = own_bucket
        self._bucket_setting = bucket_setting
        self._headers: Mapping[str, Any] = {} if cache_control is None else {"CacheControl": cache_control}
        self._seen: dict[str, float] = {}
        """When each bucket was last known to exist, by the clock."""

    def _object(self, uri: str) -> S3Object:
        bucket, key = bucket_and_key(uri)
        return S3Object(self._client, bucket=bucket, key=key, own_setting=self._setting_of(bucket))

    def _setting_of(self, bucket: str) -> str | None:
        """The setting that names this bucket; None if none does."""
        return self._bucket_setting if bucket == self._own_bucket else None

    async def check(self, root: str) -> None:
        """See `Storage.check`; without the permission ``s3:ListBucket`` nothing can be checked.

        Raises:
            ServiceUnavailable: S3 does not answer.
        """
        bucket = root.removeprefix("s3://").partition("/")[0]
        if not self._was_seen(bucket):
            await self._look_for_bucket(bucket)

    async def _check_bucket(self, bucket: str) -> None:
        """Check that a bucket exists, unless it existed a moment ago: the response about an object does not tell."""
        if self._was_seen(bucket):
            return
        try:
            await self._look_for_bucket(bucket)
        except ResourceMissing:
            raise
        except ServiceUnavailable as error:
            _log.debug("whether there is a bucket cannot be told", bucket=bucket, reason=error.message)

    def _was_seen(self, bucket: str) -> bool:
        return self._client.clock() - self._seen.get(bucket, -_SEEN_SECONDS) < _SEEN_SECONDS

    async def _look_for_bucket(self, bucket: str) -> None:
        try:
            await self._client.call("head_bucket", refusals={"404", NO_BUCKET, *_UNTOLD}, Bucket=bucket)
        except AwsRefusal as refusal:
            if refusal.code in _UNTOLD:
                _log.debug("whether there is a bucket cannot be told", bucket=bucket, reason=refusal.code)
                return
            self._seen.pop(bucket, None)
            raise no_bucket(f"s3://{bucket}", own_setting=self._setting_of(bucket)) from None
        self._seen[bucket] = self._client.clock()

    async def find(self, uri: str) -> Stored | None:
        """See `Storage.find`."""
        try:
            answer = await self._object(uri).call("head_object")
        except NotThere:
            await self._check_bucket(bucket_and_key(uri)[0])
            return None
        return Stored(
            uri=uri,
            version=answer["ETag"],
            size_bytes=answer["ContentLength"],
            sha256=answer["Metadata"].get(_SHA256),
        )

    async def publish(
        self, path: Path, uri: str, *, content_type: str, over: str | None, sha256: str | None = None
    ) -> Stored:
        """See `Storage.publish`; before a file of several parts is sent, the version is checked."""
        target = self._object(uri)
        size_bytes, digest = await asyncio.to_thread(_measured, path, sha256)
        about = {"ContentType": content_type, "Metadata": {_SHA256: digest}, **self._headers}
        output = Upload(path=path, about=about, size_bytes=size_bytes, sha256=digest, over=over)
        try:
            if size_bytes > self._part_bytes:
                await self._check_is(uri, over)
            version = await send(target, output, part_bytes=self._part_bytes)
        except (OutputChanged, ServiceUnavailable):
            found = await self.find(uri)
            if found is None or found.sha256 != digest:
                raise
            return found
        return Stored(uri=uri, version=version, size_bytes=size_bytes, sha256=digest)

    async def _check_is(self, uri: str, over: str | None) -> None:
        found = await self.find(uri)
        if (None if found is None else found.version) != over:
            raise OutputChanged(f"{uri} is not what it was.")

    async def read(self, uri: str) -> AsyncIterator[bytes]:
        """See `Storage.read`; an interrupted read is resumed, as long as the version is the same.

        Raises:
            ServiceUnavailable: also when the file is replaced meanwhile.
        """
        source = self._object(uri)
        start, failures = 0, 0
        size_bytes, version = None, ""
        while size_bytes is None or start < size_bytes:
            rest: dict[str, Any] = {"Range": f"bytes={start}-", "IfMatch": version} if start else {}
            try:
                answer = await source.call("get_object", **rest)
                if not start:
                    size_bytes, version = answer["ContentLength"], answer["ETag"]
                async for block in source.blocks(answer["Body"]):
                    start += len(block)
                    yield block
            except NotThere:
                raise InvalidInput(f"There is no {uri}") from None
            except OutputChanged:
                raise ServiceUnavailable(f"{uri} was replaced while it was read.") from None
            except ServiceUnavailable:
                failures += 1
                if failures == _READS:
                    raise

    async def files_in(self, root: str) -> AsyncIterator[ListedFile]:
        """See `Storage.files_in`; needs the permission ``s3:ListBucket``."""
        bucket, _, prefix = root.removeprefix("s3://").rstrip("/").partition("/")
        try:
            async for file in listed(self._client, bucket, f"{prefix}/" if prefix else ""):
                yield file
        except AwsRefusal:
            raise no_bucket(root, own_setting=self._setting_of(bucket)) from None

    async def delete(self, *uris: str) -> int:
        """See `Storage.delete`; S3 does not say what existed, so every URI counts."""
        targets = [self._object(uri) for uri in uris]
        turns = asyncio.Semaphore(_DELETES_AT_ONCE)

        async def delete(target: S3Object) -> None:
            async with turns:
                with contextlib.suppress(NotThere):
                    await target.call("delete_object")

        await asyncio.gather(*map(delete, targets))
        return len(targets)

    async def link(self, uri: str, *, seconds: int, file_name: str) -> str:
        """See `Storage.link`; S3 allows seven days, and a link expires with the credentials that signed it."""
        return await self._object(uri).signed_url(
            seconds=min(seconds, _LONGEST_LINK_SECONDS), ResponseContentDisposition=content_disposition(file_name)
        )

    async def close(self) -> None:
        """See `Storage.close`; the session closes the client."""


def _measured(path: Path, sha256: str | None) -> tuple[int, str]:
    """The size in bytes and the SHA-256 of a file, computed unless it is known."""
    try:
        if sha256 is not None:
            return path.stat().st_size, sha256
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return stream.tell(), digest
    except OSError as error:
        raise OutputFailed(f"Cannot read {path}: {error.strerror or error}.") from error
