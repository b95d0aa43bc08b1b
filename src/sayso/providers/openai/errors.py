"""Translate OpenAI's errors: whose fault a failure is, and whether a retry may succeed soon."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from sayso.errors import (
    EngineFailed,
    EngineUnavailable,
    InvalidInput,
    NotAudio,
    SaysoError,
    UnknownVoice,
    UnsupportedLanguage,
    UtteranceTooLong,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai import APIStatusError, OpenAIError

_CALLERS = frozenset({"file", "input", "language", "voice", "prompt", "instructions", "temperature", "speed"})
"""The parameters whose value comes from the caller; the adapter sets the others."""

_SHARED = frozenset({"file", "input", "speed", "temperature"})
"""The parameters of which another engine would refuse the same value."""

_UNPROCESSABLE = 422

_LONGEST_MESSAGE = 300


class Verdict(NamedTuple):
    """A failed request: the error to raise, whether to retry, and the HTTP status if there was a response."""

    error: SaysoError
    is_retryable: bool
    status: int | None = None


class Service(NamedTuple):
    """A provider in messages.

    Attributes:
        label: its name.
        key_variable: the environment variable of the key; empty where there is none.
    """

    label: str = "OpenAI"
    key_variable: str = "OPENAI_API_KEY"


OPENAI_ITSELF = Service()


def bad_response(problem: str, *, label: str = OPENAI_ITSELF.label) -> EngineUnavailable:
    """The error for a response with status 200 that is not usable."""
    return EngineUnavailable(f"{label}'s answer cannot be used: {problem}.", reason="bad_response")


def timed_out(seconds: float, *, label: str = OPENAI_ITSELF.label) -> EngineUnavailable:
    """The error for a request that took too long."""
    return EngineUnavailable(f"{label} did not answer within {seconds:.3g} s.", reason="timeout")


def not_configured(service: Service = OPENAI_ITSELF) -> EngineUnavailable:
    """The error for every request when there is no key."""
    return EngineUnavailable(
        f"{service.label} cannot be used: there is no key.",
        reason="not_configured",
        hint=f"Set {service.key_variable or 'its key'}.",
    )


def unusable_key(service: Service = OPENAI_ITSELF) -> EngineUnavailable:
    """The error for every request with a key that no header can carry."""
    return EngineUnavailable(
        f"{service.label}'s key has a character that no key has, such as a line break.",
        reason="rejected_key",
        hint=f"Check {service.key_variable or 'its key'}.",
    )


def retired(model: str, *, label: str) -> EngineUnavailable:
    """The error for a model that its provider has retired, or never had: it is not asked for again for a while."""
    return EngineUnavailable(
        f"{label} does not have the model {model}, or not any more.",
        reason="model_retired",
        hint="docs/how-to/openai-shutdown.md says what answers in its place.",
    )


def verdict_of(error: OpenAIError, *, now_seconds: float, secret: str, service: Service = OPENAI_ITSELF) -> Verdict:
    """Translate an exception of the SDK.

    Args:
        error: the SDK's exception.
        now_seconds: Unix time, for a ``Retry-After`` that is a date.
        secret: the key, which no message may repeat; empty for none.
        service: the provider.
    """
    label = service.label
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return Verdict(EngineUnavailable(f"{label} did not answer in time.", reason="timeout"), is_retryable=True)
    if isinstance(error, APIConnectionError):
        cause = type(error.__cause__ or error).__name__
        return Verdict(
            EngineUnavailable(f"The connection to {label} failed ({cause}).", reason="connection"), is_retryable=True
        )
    if isinstance(error, APIStatusError):
        return _of_status(error, now_seconds, secret, service)
    return Verdict(bad_response(f"the SDK raised {type(error).__name__}", label=label), is_retryable=True)


def _of_status(error: APIStatusError, now_seconds: float, secret: str, service: Service) -> Verdict:
    status, detail, label = error.status_code, message_of(error, secret), service.label
    if (status in {401, 403} and error.code != "model_not_found") or error.code == "invalid_api_key":
        # OpenAI's message repeats most of the key, so it is not passed on.
        rejected = EngineUnavailable(
            f"{label} rejected the key (status {status}).",
            reason="rejected_key",
            hint=f"Check {service.key_variable or 'its key'}.",
        )
        return Verdict(rejected, is_retryable=False, status=status)
    if status == 429:
        return Verdict(*_of_429(error, detail, now_seconds, label), status=status)
    if error.code == "model_not_found" or (status == 404 and error.param == "model"):
        missing = EngineUnavailable(f"{label} does not have this model: {detail}", reason="model_not_found")
        return Verdict(missing, is_retryable=False, status=status)
    if status == 408:
        return Verdict(_unavailable(error, detail, "timeout", now_seconds, label), is_retryable=True, status=status)
    if status == 409 or status >= 500:
        return Verdict(
            _unavailable(error, detail, "server_error", now_seconds, label), is_retryable=True, status=status
        )
    if status in {400, 413, 415, 422}:
        return Verdict(_of_mistake(error, detail, label), is_retryable=False, status=status)
    return Verdict(bad_response(f"status {status}: {detail}", label=label), is_retryable=False, status=status)


def _of_429(error: APIStatusError, detail: str, now_seconds: float, label: str) -> tuple[EngineUnavailable, bool]:
    if "insufficient_quota" in {error.code, error.type}:
        return EngineUnavailable(
            f"{label}'s quota is used up.", reason="quota", hint="Check the plan and billing."
        ), False
    return _unavailable(error, detail, "rate_limited", now_seconds, label), True


def _unavailable(error: APIStatusError, detail: str, reason: str, now_seconds: float, label: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"{label} answered with status {error.status_code}: {detail}",
        reason=reason,
        retry_after_seconds=retry_after_seconds(error.response.headers, now_seconds=now_seconds),
    )


def _of_mistake(error: APIStatusError, detail: str, label: str) -> SaysoError:
    """Translate a refusal: the caller's mistake, except for what the adapter chooses, such as the upload's size.

    The request was checked before it was sent, so a refusal is often the provider's alone.
    """
    refusal = _refusal_of(error, detail, label)
    if isinstance(refusal, InvalidInput) and not isinstance(refusal, NotAudio | UtteranceTooLong):
        refusal.is_for_one_engine = error.status_code == _UNPROCESSABLE or error.param not in _SHARED
    return refusal


def _refusal_of(error: APIStatusError, detail: str, label: str) -> SaysoError:
    code, param = error.code, error.param
    message = f"{label} refuses this: {detail}"
    if code == "string_above_max_length" and param == "input":
        return UtteranceTooLong(message)
    if param == "voice":
        return UnknownVoice(message)
    if param == "language" or code == "unsupported_language":
        return UnsupportedLanguage(message)
    if param == "file" or code in {"audio_too_short", "audio_too_long"} or detail.startswith("Invalid file format"):
        return NotAudio(message)
    if error.status_code != 413 and (param is None or param in _CALLERS):
        return InvalidInput(message)
    return EngineFailed(message)


def message_of(error: APIStatusError, secret: str) -> str:
    """The message in the response, on one line, short, and without the key."""
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    text = " ".join(str(message or "no reason was given").split())
    return (text.replace(secret, "…") if secret else text)[:_LONGEST_MESSAGE]


def retry_after_seconds(headers: Mapping[str, str], *, now_seconds: float) -> float | None:
    """How long a response asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date (RFC 9110)."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - now_seconds)
    except (KeyError, ValueError):
        return None
