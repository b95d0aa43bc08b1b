"""What S3's answers to a read mean: the object is absent or another one, or the read may succeed later."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from sayso.aws.errors import verdict_of_answer
from sayso.errors import InvalidInput, ResourceMissing, SaysoError, ServiceUnavailable
from sayso.resilience.retry import RetryableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405
_CHANGED = frozenset({412, 416})
_MOVED = frozenset({301, 302, 307, 308})
_BAD_REQUEST = 400
_FORBIDDEN = 403
_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect"})
_ARCHIVED = "InvalidObjectState"
_ARCHIVED_HINT = (
    "Restore it from its storage class, or leave it out: by SAYSO_SYNC_PREFIX, or by its age with SAYSO_SYNC_KEEP_DAYS."
)
_KMS_HINT = "Allow kms:Decrypt with this key."
_DENIED_HINT = "See s3:GetObject, and for an object that may be absent s3:ListBucket."
_DENIED_HINTS = {
    "list_objects_v2": "See s3:ListBucket. A bucket whose requesters pay is refused so, and cannot be synchronised.",
    "head_object": f"{_DENIED_HINT} Objects encrypted with a key of KMS need kms:Decrypt.",
}


class ObjectAbsent(SaysoError):
    """There is no such object, or the version that was asked for is a delete marker.

    Attributes:
        is_delete_marker: whether a delete marker says so; older versions are still in the bucket.
    """

    def __init__(self, message: str, *, is_delete_marker: bool) -> None:
        super().__init__(message)
        self.is_delete_marker = is_delete_marker


class ObjectChanged(SaysoError):
    """The object is not the one that was asked for any more: it has another ETag, or is shorter."""


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, subject: str, operation: str, region: str = ""
) -> Exception:
    """The error for an answer that is no success: one of Sayso's, or `RetryableError` around one.

    Args:
        status: of HTTP.
        headers: their names in lower case.
        body: empty for the answer to HEAD.
        subject: the URI of the object or bucket, for the message.
        operation: as botocore names it.
        region: for which the request was signed.
    """
    code, message = _element(body, "Code"), _element(body, "Message")
    if status in _CHANGED:
        return ObjectChanged(f"{subject} was changed while it was read.")
    is_delete_marker = headers.get("x-amz-delete-marker") == "true"
    if (status == _METHOD_NOT_ALLOWED and is_delete_marker) or (status == _NOT_FOUND and code != "NoSuchBucket"):
        return ObjectAbsent(f"There is no {subject}.", is_delete_marker=is_delete_marker)
    if code == "NoSuchBucket":
        return ResourceMissing(f"There is no bucket for {subject}.", hint="See S3_BUCKET_NAME and AWS_ENDPOINT_URL.")
    own_region = headers.get("x-amz-bucket-region") or _element(body, "Region")
    is_elsewhere = (
        bool(own_region) and own_region != region and status == _BAD_REQUEST
    )  # HEAD is answered without a code
    if status in _MOVED or is_elsewhere or (own_region and code in _WRONG_REGION):
        hint = f"Set AWS_REGION={own_region}." if own_region else "See AWS_REGION and AWS_ENDPOINT_URL."
        return InvalidInput(f"The bucket of {subject} is in another region.", hint=hint)
    if code == _ARCHIVED:
        return InvalidInput(f"{subject} is archived and cannot be read.", hint=_ARCHIVED_HINT)
    if status == _FORBIDDEN and "kms:" in message.lower():
        return ServiceUnavailable(f"AWS s3 does not allow {operation}: the key of KMS.", hint=f"{message} {_KMS_HINT}")
    if status == _FORBIDDEN and code in {"", "AccessDenied"}:
        message = f"{message or 'Access Denied'}. {_DENIED_HINTS.get(operation, _DENIED_HINT)}".replace("..", ".")
    answer = {
        "Error": {"Code": code or str(status), "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    verdict = verdict_of_answer(answer, "s3", operation)
    delay = headers.get("retry-after", "")
    if delay.isdecimal():
        verdict.error.retry_after_seconds = float(delay)
    return RetryableError(verdict.error) if verdict.is_retryable else verdict.error


def _element(body: bytes, name: str) -> str:
    """The text of an element of S3's error document; empty if it has none."""
    found = re.search(f"<{name}>(.*?)</{name}>", body[:16_384].decode(errors="replace"), re.DOTALL)
    return unescape(found[1]).strip() if found else ""
