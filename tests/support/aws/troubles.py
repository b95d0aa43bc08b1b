"""The faults of requests to AWS: failing responses, and refusals by service, which are all temporary.

None of the refusals is the fault of the job of the request: a key is rotated, a clock is
set, other callers have reached a limit, a bucket or a key of KMS comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Fault(StrEnum):
    """The kinds of failing responses."""

    ERROR = "500"
    UNAVAILABLE = "503"
    THROTTLE = "throttle"
    HANG = "hang"
    CUT = "cut"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault, and whether the request is executed all the same."""

    fault: Fault
    is_obeyed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A response that refuses the request.

    Attributes:
        status: of HTTP.
        code: AWS's; the response to HEAD has none.
    """

    status: int
    code: str

    @property
    def xml(self) -> bytes:
        """The body in S3's format."""
        return f"<Error><Code>{self.code}</Code><Message>The proxy says so.</Message></Error>".encode()


def _all(**statuses: Sequence[str]) -> tuple[Refusal, ...]:
    return tuple(Refusal(status=int(key[1:]), code=code) for key, codes in statuses.items() for code in codes)


OF_SQS = _all(
    _400=(
        "KMS.ThrottlingException",
        "KMS.DisabledException",
        "OverLimit",
        "RequestThrottled",
        "InvalidSecurity",
        "ExpiredToken",
        "RequestExpired",
    ),
    _403=("InvalidClientTokenId", "SignatureDoesNotMatch", "AccessDenied"),
)
OF_DYNAMODB = _all(
    _400=(
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "AccessDeniedException",
        "LimitExceededException",
    ),
)
OF_S3 = _all(
    _400=("ExpiredToken", "RequestTimeout", "KMS.ThrottlingException"),
    _403=("InvalidAccessKeyId", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "AccessDenied"),
    _409=("OperationAborted",),
)
NO_BUCKET = _all(_404=("NoSuchBucket",))

REFUSALS: Mapping[str, Sequence[Refusal]] = {"SQS": OF_SQS, "DynamoDB": OF_DYNAMODB, "S3": OF_S3}
"""By the name of the service."""
