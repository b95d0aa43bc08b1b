"""Uploading a file to S3: in one put or in parts, on a condition."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from sayso.errors import OutputChanged, OutputFailed
from sayso.storage.s3_object import NotThere

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sayso.storage.s3_object import S3Object

_ABORT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file to be uploaded.

    Attributes:
        path: of the file.
        about: the object's media type and metadata, as parameters of the client's calls.
        size_bytes: of the content.
        sha256: of the content, in hexadecimal.
        over: the version that it may replace; None if there must be none.
    """

    path: Path
    about: Mapping[str, Any]
    size_bytes: int
    sha256: str
    over: str | None

    @property
    def condition(self) -> Mapping[str, Any]:
        """The condition of the put, as parameters of the client's calls."""
        return {"IfNoneMatch": "*"} if self.over is None else {"IfMatch": self.over}


async def send(target: S3Object, upload: Upload, *, part_bytes: int) -> str:
    """Put a file, in parts if it is larger than one, and return the version that it has then.

    Raises:
        OutputChanged: another version is there than it may replace.
        OutputFailed: the file cannot be read, or there is no bucket.
        ServiceUnavailable: S3 does not answer.
    """
    stream = await asyncio.to_thread(_open, upload.path)
    try:
        if upload.size_bytes > part_bytes:
            return await _put_parts(target, stream, upload, part_bytes)
        return await _put(target, stream, upload, part_bytes)
    except NotThere:
        raise OutputChanged(f"{target.uri} is not there any more.") from None
    finally:
        stream.close()


async def _put(target: S3Object, stream: BinaryIO, upload: Upload, part_bytes: int) -> str:
    content = await asyncio.to_thread(stream.read, part_bytes)
    checksum = base64.b64encode(bytes.fromhex(upload.sha256)).decode()
    answer = await target.call("put_object", body=content, ChecksumSHA256=checksum, **upload.about, **upload.condition)
    version: str = answer["ETag"]
    return version


async def _put_parts(target: S3Object, stream: BinaryIO, upload: Upload, part_bytes: int) -> str:
    begun = await target.call("create_multipart_upload", **upload.about, ChecksumAlgorithm="SHA256")
    parameters: dict[str, Any] = {"UploadId": begun["UploadId"]}
    try:
        parts: list[Mapping[str, Any]] = []
        while len(parts) * part_bytes < upload.size_bytes:
            content, checksum = await asyncio.to_thread(_part, stream, part_bytes)
            part = {"PartNumber": len(parts) + 1, "ChecksumSHA256": checksum}
            sent = await target.call("upload_part", body=content, **parameters, **part)
            parts.append({**part, "ETag": sent["ETag"]})
        whole: dict[str, Any] = {"MultipartUpload": {"Parts": parts}}
        answer = await target.call("complete_multipart_upload", **parameters, **whole, **upload.condition)
    except BaseException:
        await _abort(target, parameters)
        raise
    version: str = answer["ETag"]
    return version


async def _abort(target: S3Object, parameters: Mapping[str, Any]) -> None:
    """Abort the upload, because its parts cost money; the bucket's lifecycle rules have to do it if this fails."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_ABORT_SECONDS):
            await target.call("abort_multipart_upload", **parameters)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise OutputFailed(f"Cannot read {path}: {error.strerror or error}.") from error


def _part(stream: BinaryIO, size_bytes: int) -> tuple[bytes, str]:
    """The next part, or the rest, and its SHA-256 as S3 expects it."""
    content = stream.read(size_bytes)
    return content, base64.b64encode(hashlib.sha256(content).digest()).decode()
