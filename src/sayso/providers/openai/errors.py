"""What OpenAI's refusals and failures mean: whose fault it is, and whether the same request may succeed soon."""

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
"""The parameters whose value comes from whoever asked; the others are the adapter's own."""

_LONGEST_MESSAGE = 300


class Verdict(NamedTuple):
    """A failed request: the error to raise, whether to ask again, and the HTTP status if there was an answer."""

    error: SaysoError
    again: bool
    status: int | None = None


def bad_response(problem: str) -> EngineUnavailable:
    """The error for an answer with status 200 that is not what was asked for."""
    return EngineUnavailable(f"OpenAI's answer cannot be used: {problem}.", reason="bad_response")


def timed_out(seconds: float) -> EngineUnavailable:
    """The error for a request that took too long."""
    return EngineUnavailable(f"OpenAI did not answer within {seconds:.3g} s.", reason="timeout")


def not_configured() -> EngineUnavailable:
    """The error for every request where there is no key."""
    return EngineUnavailable(
        "OpenAI cannot be asked: there is no key.", reason="not_configured", hint="Set OPENAI_API_KEY."
    )


def verdict_of(error: OpenAIError, *, now_seconds: float, secret: str) -> Verdict:
    """Translate what the SDK raised.

    Args:
        error: the SDK's exception.
        now_seconds: Unix time, against which a ``Retry-After`` that is a date is read.
        secret: the key, which no message may repeat.
    """
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return Verdict(EngineUnavailable("OpenAI did not answer in time.", reason="timeout"), again=True)
    if isinstance(error, APIConnectionError):
        cause = type(error.__cause__ or error).__name__
        return Verdict(
            EngineUnavailable(f"The connection to OpenAI failed ({cause}).", reason="connection"), again=True
        )
    if isinstance(error, APIStatusError):
        return _of_status(error, now_seconds, secret)
    return Verdict(bad_response(f"the SDK raised {type(error).__name__}"), again=True)


def _of_status(error: APIStatusError, now_seconds: float, secret: str) -> Verdict:
    status, said = error.status_code, _said(error, secret)
    if status in {401, 403} or error.code == "invalid_api_key":
        # What OpenAI says here repeats most of the key, so it is not passed on.
        rejected = EngineUnavailable(
            f"OpenAI rejected the key (status {status}).", reason="rejected_key", hint="Check OPENAI_API_KEY."
        )
        return Verdict(rejected, again=False, status=status)
    if status == 429:
        return Verdict(*_of_429(error, said, now_seconds), status=status)
    if error.code == "model_not_found" or (status == 404 and error.param == "model"):
        missing = EngineUnavailable(f"OpenAI does not have this model: {said}", reason="model_not_found")
        return Verdict(missing, again=False, status=status)
    if status == 408:
        return Verdict(_unavailable(error, said, "timeout", now_seconds), again=True, status=status)
    if status == 409 or status >= 500:
        return Verdict(_unavailable(error, said, "server_error", now_seconds), again=True, status=status)
    if status in {400, 413, 415, 422}:
        return Verdict(_of_mistake(error, said), again=False, status=status)
    return Verdict(bad_response(f"status {status}: {said}"), again=False, status=status)


def _of_429(error: APIStatusError, said: str, now_seconds: float) -> tuple[EngineUnavailable, bool]:
    if "insufficient_quota" in {error.code, error.type}:
        return EngineUnavailable(
            "OpenAI's quota is used up.", reason="quota", hint="Check the plan and billing."
        ), False
    return _unavailable(error, said, "rate_limited", now_seconds), True


def _unavailable(error: APIStatusError, said: str, reason: str, now_seconds: float) -> EngineUnavailable:
    return EngineUnavailable(
        f"OpenAI answered with status {error.status_code}: {said}",
        reason=reason,
        retry_after_seconds=retry_after_seconds(error.response.headers, now_seconds=now_seconds),
    )


def _of_mistake(error: APIStatusError, said: str) -> SaysoError:
    """A request that OpenAI refuses: the caller's mistake, but for what the adapter chooses, such as its size."""
    code, param = error.code, error.param
    message = f"OpenAI refuses this: {said}"
    if code == "string_above_max_length" and param == "input":
        return UtteranceTooLong(message)
    if param == "voice":
        return UnknownVoice(message)
    if param == "language" or code == "unsupported_language":
        return UnsupportedLanguage(message)
    if param == "file" or code in {"audio_too_short", "audio_too_long"} or said.startswith("Invalid file format"):
        return NotAudio(message)
    if error.status_code != 413 and (param is None or param in _CALLERS):
        return InvalidInput(message)
    return EngineFailed(message)


def _said(error: APIStatusError, secret: str) -> str:
    """The message in the answer, on one line, short, and without the key."""
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    text = " ".join(str(message or "no reason was given").split())
    return text.replace(secret, "…")[:_LONGEST_MESSAGE]


def retry_after_seconds(headers: Mapping[str, str], *, now_seconds: float) -> float | None:
    """How long an answer asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date (RFC 9110)."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - now_seconds)
    except (KeyError, ValueError):
        return None
