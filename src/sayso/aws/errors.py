"""What AWS's refusals and failures mean, by their kind: can the same call succeed later, and how soon?

Codes are many, differ between services and protocols, and are added to. So the rule is one of kinds: a refusal is the
fault of what was asked only where the adapter that asked expects its code (``refusals`` of `AwsClient.call`). Every
other answer, known or not, is about the service, the permissions or the settings: `ServiceUnavailable`, for which no
job fails.
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
"""What codes of failures have in them that pass within seconds, in whichever service's spelling."""

_DENIED = re.compile(
    r"denied|auth|token|signature|accesskey|credential|forbidden|security|skewed|expired|optinrequired|^403$",
    re.IGNORECASE,
)
"""What codes have in them that speak of who asks, and not of what is asked."""

_OLD_SQS_PREFIX = "AWS.SimpleQueueService."
"""Codes of SQS come with it or without, as the protocol of the day has them."""

_SERVER_FAULT = 500
_TOO_MANY = 429
_LONGEST_DETAIL = 300


class AwsRefusal(Exception):
    """AWS understood a request and refuses it; adapters ask for those that they expect, and let none cross.

    Attributes:
        code: why.
        answer: what AWS says besides.
        tries: which try was refused. Where it is not the first, an earlier one may have been obeyed without our hearing
            of it, and the refusal be due to our own success.
    """

    def __init__(self, code: str, answer: Mapping[str, Any], *, tries: int) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer
        self.tries = tries


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a failure means.

    Attributes:
        error: what is raised when nobody tries again.
        again: whether trying again soon may help.
        refusal: the code, where AWS understood the request and refuses it.
        answer: AWS's answer, where there was one.
    """

    error: SaysoError
    again: bool
    refusal: str | None
    answer: Mapping[str, Any]


def verdict_of(error: Exception, *, service: str, operation: str) -> Verdict:
    """What a failure means.

    Args:
        error: botocore's exception, or one of the socket's.
        service: AWS's name for the service, as ``sqs``.
        operation: what was asked of it, as ``receive_message``.
    """
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    if isinstance(error, ClientError):
        return _refused(error.response, service, operation)
    if isinstance(error, ParamValidationError):
        invalid = InvalidInput(f"AWS {service} cannot be asked {operation} so: {error}")
        return Verdict(error=invalid, again=False, refusal=None, answer={})
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        failure = ServiceUnavailable(
            f"There are no AWS credentials for {service}.",
            hint="Give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
        # The place that a task's role comes from can be out of reach for a moment, as anything can.
        return Verdict(error=failure, again=isinstance(error, CredentialRetrievalError), refusal=None, answer={})
    failure = ServiceUnavailable(f"AWS {service} does not answer {operation}: {type(error).__name__}.")
    return Verdict(error=failure, again=True, refusal=None, answer={})


def _refused(answer: Mapping[str, Any], service: str, operation: str) -> Verdict:
    facts = answer.get("Error", {})
    code = str(facts.get("Code", "")).removeprefix(_OLD_SQS_PREFIX)
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_FAULT))
    detail = " ".join(str(facts.get("Message", "")).split())[:_LONGEST_DETAIL]
    refusal = code if status < _SERVER_FAULT else None
    if status >= _SERVER_FAULT or status == _TOO_MANY or _PASSING.search(code):
        failure = ServiceUnavailable(f"AWS {service} cannot do {operation} now: {code or status}.", hint=detail or None)
        return Verdict(error=failure, again=True, refusal=refusal, answer=answer)
    if _DENIED.search(code):
        message = f"AWS {service} does not allow {operation}: {code}."
        failure = ServiceUnavailable(message, hint=detail or "See the permissions of the task's role.")
    else:
        failure = ServiceUnavailable(f"AWS {service} refuses {operation}: {code or status}.", hint=detail or None)
    return Verdict(error=failure, again=False, refusal=refusal, answer=answer)
