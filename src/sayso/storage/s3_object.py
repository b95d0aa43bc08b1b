"""Calls for one object in S3; S3's refusals become Sayso's errors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sayso.aws.errors import AwsRefusal
from sayso.errors import InvalidInput, OutputChanged, OutputFailed, ResourceMissing, SaysoError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sayso.aws.session import AwsClient

_BLOCK_BYTES = 2**18

_CHANGED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})
_ABSENT = frozenset({"404", "NoSuchKey"})
_PASSING = frozenset({"BadDigest", "IncompleteBody", "NoSuchUpload", "OperationAborted", "XAmzContentChecksumMismatch"})
_NO_BUCKET = "NoSuchBucket"
_UNFIT = frozenset({"EntityTooLarge", "InvalidBucketName", "InvalidURI", "KeyTooLongError", "MetadataTooLarge"})
"""The codes of refusals that are about the object or its name."""

_FORBIDDEN = "403"  # the response to HEAD has no body, and so no code except its status

_PERMISSIONS = "s3:PutObject, s3:GetObject, s3:DeleteObject and, to tell what is missing, s3:ListBucket are needed."


class NotThere(SaysoError):
    """The object does not exist; each call handles this error itself."""


def no_bucket(uri: str, *, own_setting: str | None) -> SaysoError:
    """The error for a missing bucket: if a job's sender named it, the job fails; if the settings did, jobs wait."""
    message = f"There is no bucket for {uri}"
    if own_setting is not None:
        return ResourceMissing(message, hint=f"Make it, or name another in {own_setting}.")
    return OutputFailed(message, hint="The message names it.")


class S3Object:
    """One object, which need not exist.

    Args:
        client: of S3.
        bucket: its bucket.
        key: its key.
        own_setting: the setting that names the bucket; if it is missing, the job is not at fault. None if none does.
    """

    def __init__(self, client: AwsClient, *, bucket: str, key: str, own_setting: str | None = None) -> None:
        self._own_setting = own_setting
        self.uri = f"s3://{bucket}/{key}"
        self._client = client
        self._place: dict[str, Any] = {"Bucket": bucket, "Key": key}

    async def call(self, operation: str, /, *, body: bytes | None = None, **parameters: Any) -> Mapping[str, Any]:
        """Call S3 for this object.

        Args:
            operation: as botocore's client names it.
            body: the content to be sent.
            parameters: as botocore's client takes them, without the bucket and the key.

        Raises:
            NotThere: the object does not exist.
            OutputChanged: the condition of the call does not hold.
            OutputFailed: the bucket does not exist, and the job's sender named it.
            ResourceMissing: the bucket does not exist, and the settings name it.
            InvalidInput: S3 accepts no object of this name, or size.
            ServiceUnavailable: S3 does not answer, or refuses for any other reason.
        """
        try:
            return await self._client.call(
                operation,
                refusals={*_CHANGED, *_ABSENT, *_PASSING, *_UNFIT, _NO_BUCKET, _FORBIDDEN},
                body=body,
                **self._place,
                **parameters,
            )
        except AwsRefusal as refusal:
            error = self._error_of(refusal)
        raise error  # outside of the handler, so that AWS's refusal is not part of the traceback

    def _error_of(self, refusal: AwsRefusal) -> SaysoError:
        code = refusal.code
        if code in _ABSENT:
            return NotThere(f"There is no {self.uri}")
        if code in _CHANGED:
            return OutputChanged(f"{self.uri} is not what it was.")
        if code == _NO_BUCKET:
            return no_bucket(self.uri, own_setting=self._own_setting)
        if code in _UNFIT:
            return InvalidInput(f"S3 does not take {self.uri}: {code}.")
        if code == _FORBIDDEN:
            return ServiceUnavailable(f"AWS s3 does not allow to look at {self.uri}", hint=_PERMISSIONS)
        return ServiceUnavailable(f"What was sent to {self.uri} did not arrive: {code}.")

    async def blocks(self, body: Any) -> AsyncIterator[bytes]:
        """The blocks of a response's body.

        Raises:
            ServiceUnavailable: the body ends early, or stalls.
        """
        from aiohttp import ClientError as NetworkError
        from botocore.exceptions import BotoCoreError

        async with body:
            while True:
                try:
                    async with asyncio.timeout(self._client.patience.try_seconds):
                        block: bytes = await body.read(_BLOCK_BYTES)
                except (BotoCoreError, NetworkError, OSError) as error:  # aiobotocore passes aiohttp's exceptions on
                    raise ServiceUnavailable(f"S3 cut {self.uri} off: {type(error).__name__}.") from None
                if not block:
                    return
                yield block

    async def signed_url(self, *, seconds: int, **parameters: Any) -> str:
        """A URL at which anyone may read the object for so many seconds.

        Raises:
            ServiceUnavailable: there are no credentials to sign with.
        """
        return await self._client.signed_url("get_object", seconds=seconds, **self._place, **parameters)
