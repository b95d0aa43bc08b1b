"""Classify AWS's refusals and failures: may the same call succeed later, and how soon?

There are many codes; they differ between services and protocols, and new ones appear. So a refusal is the caller's
fault only if the calling adapter expects its code (``refusals`` of `AwsClient.call`). Every other response, known or
not, is about the service, the permissions or the settings: it becomes `ServiceUnavailable`, and no job fails for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSING = re.compile(
    r"throttl|slowdown|toomany|overlimit|limitexceeded|throughputexceeded|requestlimit"
    r"|internal|unavailable|timeout|transactionconflict|inprogress",
    re.IGNORECASE,
)
"""Parts of the codes of failures that pass within seconds, in the spellings of all services."""

_DENIED = re.compile(
    r"denied|auth|token|signature|accesskey|credential|forbidden|security|skewed|expired|optinrequired|^403$",
    re.IGNORECASE,
)
"""Parts of the codes that are about the caller's credentials or permissions."""

_OLD_SQS_PREFIX = "AWS.SimpleQueueService."
"""A prefix that SQS's codes have or lack, depending on the protocol."""

_SERVER_FAULT = 500
_TOO_MANY = 429
_LONGEST_DETAIL = 300


class AwsRefusal(Exception):
    """AWS refuses a request with a code that the adapter expects; adapters handle it, and none passes it on.

    Attributes:
        code: why.
        answer: AWS's response.
        tries: the number of the try that was refused. If it is not the first, an earlier one may have succeeded without
            a response, and its success may be the reason for the refusal.
    """

    def __init__(self, code: str, answer: Mapping[str, Any], *, tries: int) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer
        self.tries = tries


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The classification of a failure.

    Attributes:
        error: is raised when there is no further try.
        is_retryable: whether a retry may help soon.
        refusal: the code, if AWS understood the request and refuses it.
        answer: AWS's response, if there was one.
    """

    error: SaysoError
    is_retryable: bool
    refusal: str | None
    answer: Mapping[str, Any]


def verdict_of(error: Exception, *, service: str, operation: str) -> Verdict:
    """Classify a failure.

    Args:
        error: botocore's exception, or one of the socket's.
        service: AWS's name for the service, as ``sqs``.
        operation: that was called, as ``receive_message``.
    """
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    if isinstance(error, ClientError):
        return verdict_of_answer(error.response, service, operation)
    if isinstance(error, ParamValidationError):
        invalid = InvalidInput(f"AWS {service} cannot execute {operation} so: {error}")
        return Verdict(error=invalid, is_retryable=False, refusal=None, answer={})
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        failure = ServiceUnavailable(
            f"There are no AWS credentials for {service}.",
            hint="Give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
        # The endpoint that provides a task role's credentials may be unreachable for a moment.
        return Verdict(error=failure, is_retryable=isinstance(error, CredentialRetrievalError), refusal=None, answer={})
    failure = ServiceUnavailable(f"AWS {service} does not answer {operation}: {type(error).__name__}.")
    return Verdict(error=failure, is_retryable=True, refusal=None, answer={})


def verdict_of_answer(answer: Mapping[str, Any], service: str, operation: str) -> Verdict:
    """Classify an answer that is no success, in the form of botocore."""
    facts = answer.get("Error", {})
    code = str(facts.get("Code", "")).removeprefix(_OLD_SQS_PREFIX)
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_FAULT))
    detail = " ".join(str(facts.get("Message", "")).split())[:_LONGEST_DETAIL]
    refusal = code if status < _SERVER_FAULT else None
    if status >= _SERVER_FAULT or status == _TOO_MANY or _PASSING.search(code):
        failure = ServiceUnavailable(f"AWS {service} cannot do {operation} now: {code or status}.", hint=detail or None)
        return Verdict(error=failure, is_retryable=True, refusal=refusal, answer=answer)
    if _DENIED.search(code):
        message = f"AWS {service} does not allow {operation}: {code}."
        failure = ServiceUnavailable(message, hint=detail or "See the permissions of the task's role.")
    else:
        failure = ServiceUnavailable(f"AWS {service} refuses {operation}: {code or status}.", hint=detail or None)
    return Verdict(error=failure, is_retryable=False, refusal=refusal, answer=answer)
