"""Calls about one object in S3, with S3's refusals in Sayso's errors."""

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
"""Refusals for the sake of the object itself, or of its name."""

_FORBIDDEN = "403"  # the answer to HEAD has no body, and so no code but its status

_PERMISSIONS = "s3:PutObject, s3:GetObject, s3:DeleteObject and, to tell what is missing, s3:ListBucket are needed."


class NotThere(SaysoError):
    """S3 has no such object; each call knows what that means for it, and lets it go no further."""


def no_bucket(uri: str, *, is_own: bool) -> SaysoError:
    """What it means that a bucket does not exist: a job whose sender named it fails, any other waits."""
    message = f"There is no bucket for {uri}"
    if is_own:
        return ResourceMissing(message, hint="Make it, or name another in OUTPUT_BUCKET.")
    return OutputFailed(message, hint="The message names it.")


class S3Object:
    """One object, which need not exist.

    Args:
        client: of S3.
        bucket: where it is.
        key: its name there.
        is_own: whether the settings name the bucket, so that one that is missing is no fault of the job's.
    """

    def __init__(self, client: AwsClient, *, bucket: str, key: str, is_own: bool = False) -> None:
        self._is_own = is_own
        self.uri = f"s3://{bucket}/{key}"
        self._client = client
        self._place: dict[str, Any] = {"Bucket": bucket, "Key": key}

    async def call(self, operation: str, /, *, body: bytes | None = None, **parameters: Any) -> Mapping[str, Any]:
        """What S3 answers.

        Args:
            operation: what it is asked, as botocore's client names it.
            body: the content to be sent.
            parameters: as botocore's client takes them, besides the bucket and the key.

        Raises:
            NotThere: there is no such object.
            OutputChanged: the call's condition does not hold.
            OutputFailed: there is no such bucket, which somebody else has named.
            ResourceMissing: there is no such bucket, which the settings name.
            InvalidInput: S3 has no object of this name, or size.
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
        raise error  # outside of the handler: the refusal is AWS's own

    def _error_of(self, refusal: AwsRefusal) -> SaysoError:
        code = refusal.code
        if code in _ABSENT:
            return NotThere(f"There is no {self.uri}")
        if code in _CHANGED:
            return OutputChanged(f"{self.uri} is not what it was.")
        if code == _NO_BUCKET:
            return no_bucket(self.uri, is_own=self._is_own)
        if code in _UNFIT:
            return InvalidInput(f"S3 does not take {self.uri}: {code}.")
        if code == _FORBIDDEN:
            return ServiceUnavailable(f"AWS s3 does not allow to look at {self.uri}", hint=_PERMISSIONS)
        return ServiceUnavailable(f"What was sent to {self.uri} did not arrive: {code}.")

    async def blocks(self, body: Any) -> AsyncIterator[bytes]:
        """The blocks of an answer's body.

        Raises:
            ServiceUnavailable: it ends before its end, or stops coming.
        """
        from aiohttp import ClientError as NetworkError
        from botocore.exceptions import BotoCoreError

        async with body:
            while True:
                try:
                    async with asyncio.timeout(self._client.patience.try_seconds):
                        block: bytes = await body.read(_BLOCK_BYTES)
                except (BotoCoreError, NetworkError, OSError) as error:  # aiohttp's passes through aiobotocore
                    raise ServiceUnavailable(f"S3 cut {self.uri} off: {type(error).__name__}.") from None
                if not block:
                    return
                yield block

    async def signed_url(self, *, seconds: int, **parameters: Any) -> str:
        """A URL at which anybody may read the object for so long.

        Raises:
            ServiceUnavailable: there are no credentials to sign with.
        """
        return await self._client.signed_url("get_object", seconds=seconds, **self._place, **parameters)
