"""How OpenAI's refusals are translated."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

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
from sayso.providers.openai import OpenAIConnection
from sayso.providers.openai.errors import retry_after_seconds, verdict_of
from sayso.scheduling import UNBOUNDED

KEY = "abcDEF-123"
NOW = 1_700_000_000.0
REQUEST = httpx2.Request("POST", "https://api.example/v1/audio/speech")


def refused(status: int, **error: Any) -> openai.APIStatusError:
    """The SDK's exception for an answer in OpenAI's envelope."""
    response = httpx2.Response(status, request=REQUEST)
    body: dict[str, Any] = {"message": "No.", "type": "invalid_request_error", "param": None, "code": None} | error
    return openai.APIStatusError("No.", response=response, body=body)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {}, InvalidInput),
        (400, {"code": "content_policy_violation"}, InvalidInput),
        (400, {"param": "temperature"}, InvalidInput),
        (400, {"param": "input", "code": "string_above_max_length"}, UtteranceTooLong),
        (400, {"param": "voice"}, UnknownVoice),
        (400, {"param": "language", "code": "invalid_language_format"}, UnsupportedLanguage),
        (400, {"code": "unsupported_language"}, UnsupportedLanguage),
        (400, {"param": "file", "code": "audio_too_short"}, NotAudio),
        (400, {"message": "Invalid file format. Supported formats: ['flac']"}, NotAudio),
        (413, {"type": "server_error"}, EngineFailed),
        (415, {}, InvalidInput),
        (422, {}, InvalidInput),
        (400, {"param": "response_format", "code": "unsupported_value"}, EngineFailed),
        (400, {"param": "timestamp_granularities"}, EngineFailed),
    ],
)
def test_a_refusal_is_whose_fault_it_is(status: int, error: dict[str, str], kind: type[SaysoError]) -> None:
    """What the caller chose is the caller's mistake; what only the adapter chose is not; neither is asked again."""
    verdict = verdict_of(refused(status, **error), now_seconds=NOW, secret=KEY)

    assert type(verdict.error) is kind
    assert (verdict.is_retryable, verdict.status) == (False, status)


@pytest.mark.parametrize(
    ("status", "error", "is_for_one_engine"),
    [
        (400, {}, True),
        (400, {"code": "content_policy_violation"}, True),
        (400, {"param": "language", "code": "invalid_language_format"}, True),
        (400, {"code": "unsupported_language"}, True),
        (400, {"param": "voice"}, True),
        (400, {"param": "prompt"}, True),
        (422, {}, True),
        (422, {"param": "temperature"}, True),
        (400, {"param": "temperature"}, False),
        (400, {"param": "input"}, False),
        (400, {"param": "input", "code": "string_above_max_length"}, False),
        (400, {"param": "file", "code": "audio_too_short"}, False),
    ],
)
def test_a_refusal_says_whether_another_engine_may_accept(
    status: int, error: dict[str, str], is_for_one_engine: bool
) -> None:
    """A language, a refusal without a reason and a 422 are OpenAI's alone; a text or a file is refused by all."""
    refusal = verdict_of(refused(status, **error), now_seconds=NOW, secret=KEY).error

    assert isinstance(refusal, InvalidInput)
    assert refusal.is_for_one_engine is is_for_one_engine


@pytest.mark.parametrize("key", ["sk-first\nsk-second", "sk-\r\nX-Evil: 1", "sk-clé", "sk-a b", "sk-\x00"])
def test_a_key_that_no_header_carries_is_a_rejected_key(key: str) -> None:
    """Nothing is sent, and the next engine is asked, as for any key that OpenAI rejects."""
    with OpenAIConnection(key, base_url="http://127.0.0.1:9/v1") as connection:
        assert connection.is_configured
        with pytest.raises(EngineUnavailable, match="line break") as failed:
            connection.call(lambda client: client.models.with_raw_response.list(), lambda _: None, context=UNBOUNDED)
    assert failed.value.reason == "rejected_key"
    assert key not in str(failed.value)


@pytest.mark.parametrize(
    ("status", "error", "reason", "is_retryable"),
    [
        (401, {}, "rejected_key", False),
        (403, {"code": "unsupported_country_region_territory"}, "rejected_key", False),
        (404, {"code": "model_not_found"}, "model_not_found", False),
        (404, {"param": "model"}, "model_not_found", False),
        (404, {}, "bad_response", False),
        (408, {}, "timeout", True),
        (409, {}, "server_error", True),
        (429, {"code": "rate_limit_exceeded"}, "rate_limited", True),
        (429, {"code": "insufficient_quota"}, "quota", False),
        (429, {"type": "insufficient_quota"}, "quota", False),
        (500, {}, "server_error", True),
        (502, {}, "server_error", True),
        (529, {}, "server_error", True),
    ],
)
def test_an_engine_that_cannot_serve_has_a_reason(
    status: int, error: dict[str, str], reason: str, is_retryable: bool
) -> None:
    """Each status has its reason, and is asked again where that may help."""
    verdict = verdict_of(refused(status, **error), now_seconds=NOW, secret=KEY)

    assert isinstance(verdict.error, EngineUnavailable)
    assert (verdict.error.reason, verdict.is_retryable, verdict.status) == (reason, is_retryable, status)


def test_no_connection_is_no_status() -> None:
    """Where nothing answered there is no status, and another attempt may help."""
    lost = verdict_of(openai.APIConnectionError(request=REQUEST), now_seconds=NOW, secret=KEY)
    late = verdict_of(openai.APITimeoutError(request=REQUEST), now_seconds=NOW, secret=KEY)

    assert isinstance(lost.error, EngineUnavailable)
    assert isinstance(late.error, EngineUnavailable)
    assert (lost.error.reason, lost.is_retryable, lost.status) == ("connection", True, None)
    assert (late.error.reason, late.is_retryable, late.status) == ("timeout", True, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "20", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "20", "retry-after-ms": "soon"}, 20.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "after lunch"}, None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds or a date; nonsense is as good as nothing."""
    assert retry_after_seconds(headers, now_seconds=NOW) == seconds


def test_a_message_is_short_and_tells_no_key() -> None:
    """What OpenAI says is quoted in one line, cut, and without the key."""
    message = f"Request with {KEY}\nfailed. {'x' * 5000}"
    message = verdict_of(refused(500, message=message), now_seconds=NOW, secret=KEY).error.message

    assert KEY not in message
    assert "\n" not in message
    assert len(message) < 400
