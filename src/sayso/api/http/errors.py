"""Errors in OpenAI's format; only this module knows HTTP statuses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from sayso.errors import (
    AudioTooLong,
    AudioTooShort,
    Busy,
    Cancelled,
    DeadlineExceeded,
    EngineUnavailable,
    EverythingFailed,
    FetchRefused,
    IdempotencyKeyReused,
    InvalidInput,
    MalformedVoice,
    ModelArriving,
    ModelMissing,
    NoSuchJob,
    NotAllowed,
    NotAudio,
    NothingToSay,
    NotInstalled,
    SaysoError,
    ScopeMissing,
    ServiceUnavailable,
    SpeechTooLong,
    TooLarge,
    UnknownVoice,
    UnsupportedLanguage,
)
from sayso.tts.errors import shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from starlette.requests import Request

_log = structlog.get_logger(__name__)

_RETRY_AFTER_UNKNOWN_SECONDS = 5
"""When to retry after a failure of unknown duration."""


_LONGEST_MESSAGE = 2000
_LONGEST_PARAM = 200
"""How many characters of a caller's input an error message repeats."""


_CODES = {
    "string_too_long": "string_above_max_length",
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "invalid_lexicon": "invalid_lexicon",
}
"""OpenAI's codes, and ours, for pydantic's kinds of error."""


_MISTAKES: tuple[tuple[type[InvalidInput], int, str | None, str | None], ...] = (
    (TooLarge, 413, None, "too_large"),
    (FetchRefused, 400, "audio_url", "audio_url_refused"),
    (AudioTooShort, 400, "file", "audio_too_short"),
    (AudioTooLong, 400, "file", "audio_too_long"),
    (SpeechTooLong, 400, "input", "speech_too_long"),
    (UnknownVoice, 400, "voice", None),
    (MalformedVoice, 400, "voice", None),
    (UnsupportedLanguage, 400, "language", None),
    (NothingToSay, 400, "input", None),
    (NoSuchJob, 404, None, "not_found"),
    (IdempotencyKeyReused, 400, "Idempotency-Key", "idempotency_key_reused"),
)
"""Mistakes of callers: the status, the field, the code. A reused idempotency key is not 409, which clients retry."""


@dataclass(kw_only=True, eq=False)
class Problem(Exception):
    """An error response.

    Attributes:
        status: the HTTP status.
        message: what happened and what to do, for people.
        type: OpenAI's type of error.
        param: the invalid field, if any.
        code: for programs.
        headers: of the response.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """OpenAI's error envelope: all four keys are always present."""
        message = self.message if len(self.message) <= _LONGEST_MESSAGE else f"{self.message[:_LONGEST_MESSAGE]}…"
        param = self.param if self.param is None else self.param[:_LONGEST_PARAM]
        return {"error": {"message": message, "type": self.type, "param": param, "code": self.code}}

    def response(self) -> JSONResponse:
        """The response."""
        return JSONResponse(self.body, status_code=self.status, headers=dict(self.headers))


def problem_of(error: SaysoError) -> Problem:
    """The response to an error. Details that callers do not see are logged."""
    message = error.for_callers()
    if not isinstance(error, InvalidInput) and error.message not in message:
        _log.error("a request failed", kind=type(error).__name__, error=error.message, hint=error.hint)
    if isinstance(error, InvalidInput):
        return _callers_mistake(error, message)
    if isinstance(error, ScopeMissing):
        return Problem(status=403, message=message, code="missing_scope")  # not 401: the key itself is valid
    if isinstance(error, NotAllowed):
        scheme = {"www-authenticate": "Bearer"}  # RFC 9110, section 11.6.1: a 401 names one
        return Problem(status=401, message=message, code="invalid_api_key", headers=scheme)
    if isinstance(error, Busy):
        retry = {"retry-after": str(math.ceil(error.retry_after_seconds))}
        return Problem(status=429, message=message, type="rate_limit_error", code="rate_limit_exceeded", headers=retry)
    if isinstance(error, Cancelled):
        return Problem(status=499, message=message, code="cancelled")  # nginx's status for a client that disconnected
    retry = {"retry-after": str(_retry_after_seconds(error))} if error.retryable else {}
    if isinstance(error, DeadlineExceeded):
        return Problem(status=503, message=message, type="server_error", code="deadline_exceeded", headers=retry)
    if isinstance(error, EngineUnavailable | EverythingFailed | ModelMissing | NotInstalled):
        return Problem(status=503, message=message, type="server_error", code="engine_unavailable", headers=retry)
    if isinstance(error, ServiceUnavailable):
        return Problem(status=503, message=message, type="server_error", code="service_unavailable", headers=retry)
    return Problem(status=500, message=message, type="server_error", headers=retry)


def _retry_after_seconds(error: SaysoError) -> int:
    known = error.retry_after_seconds if isinstance(error, EngineUnavailable | ModelArriving) else None
    return _RETRY_AFTER_UNKNOWN_SECONDS if known is None else math.ceil(known)


def _callers_mistake(error: InvalidInput, message: str) -> Problem:
    for kind, status, param, code in _MISTAKES:
        if isinstance(error, kind):
            return Problem(status=status, message=message, param=param, code=code)
    if isinstance(error, NotAudio):
        return Problem(status=400, message=f"Invalid file format. {message}", param="file")
    return Problem(status=400, message=message)


def problem_of_fields(error: ValidationError) -> Problem:
    """The response to a body with invalid fields; it names the first of them."""
    first = error.errors(include_url=False, include_input=False)[0]
    param = ".".join(str(part) for place, part in enumerate(first["loc"]) if not place or _is_place(part)) or None
    field_name = str(first["loc"][0]) if first["loc"] else None
    text = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    code = _CODES.get(first["type"])
    return Problem(status=400, message=f"{param}: {text}" if param else text, param=field_name, code=code)


def _is_place(part: int | str) -> bool:
    """Whether a part of a location is a field or an index; others name the kind of value that was tried."""
    return isinstance(part, int) or (part.isidentifier() and part not in {"str", "int", "float", "bool"})


def unknown_model(model: str) -> Problem:
    """The response for an unknown model."""
    return Problem(
        status=404,
        message=f"The model {shown_name(model)} does not exist here. GET /v1/models lists those that do.",
        param="model",
        code="model_not_found",
    )


async def on_sayso_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer a `SaysoError` that a route raised."""
    assert isinstance(error, SaysoError)  # noqa: S101 -- registered for nothing else
    return problem_of(error).response()


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer a request for an unknown path or method."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for nothing else
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    headers = dict(error.headers or {})
    return Problem(status=error.status_code, message=f"{error.detail}.", code=code, headers=headers).response()


async def on_invalid_parameter(_request: Request, error: Exception) -> JSONResponse:
    """Answer a request with an invalid parameter in its path or query."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for nothing else
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return Problem(status=400, message=f"{name}: {first['msg']}", param=name).response()


async def on_problem(_request: Request, error: Exception) -> JSONResponse:
    """Answer a `Problem` that a route raised."""
    assert isinstance(error, Problem)  # noqa: S101 -- registered for nothing else
    return error.response()
