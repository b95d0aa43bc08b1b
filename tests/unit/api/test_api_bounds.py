"""What is small to send and large to make is refused before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.routes.synthesis import begin_speech
from sayso.api.schemas.audio import SpeechBody
from sayso.audio import STREAM_FORMATS
from sayso.errors import Cancelled
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from sayso.audio import StreamFormat

SPEECH = "/v1/audio/speech"
CAPTIONS = "/v1/audio/speech/captions"
A_DAY_OF_PAUSES = "It was late. " + "[pause 60s]" * 1440 + " The lamp burned on."


def fields(**changed: Any) -> dict[str, Any]:
    return {"model": "fake", "input": A_DAY_OF_PAUSES, "voice": "fake_en", "directives": True} | changed


@pytest.mark.parametrize("path", [SPEECH, CAPTIONS])
@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_day_of_pauses_is_refused(path: str, stream_format: str) -> None:
    """However it is to be sent, it is 400 for the input, and nothing is spoken."""
    engine = FakeSpeechEngine()
    with client_of(fake_served(speech=engine)) as client:
        for response_format in STREAM_FORMATS:
            asked = fields(response_format=response_format, stream_format=stream_format)
            answer = client.post(path, json=asked)
            assert answer.status_code == 400, answer.text
            error = answer.json()["error"]
            assert (error["type"], error["param"]) == ("invalid_request_error", "input")
            assert "24.0 hours" in error["message"]
    assert engine.calls == 0


@pytest.mark.parametrize("path", [SPEECH, CAPTIONS])
def test_slow_speech_counts(path: str) -> None:
    """A text that is short enough at its own pace is refused at a quarter of it."""
    served = fake_served(settings=Settings(synthesis_workers=2, max_speech_seconds=60.0))
    with client_of(served) as client:
        text = "The lamp burned on. " * 15
        assert client.post(path, json=fields(input=text)).status_code == 200
        assert client.post(path, json=fields(input=text, speed=0.25)).status_code == 400


@pytest.mark.parametrize("response_format", STREAM_FORMATS)
def test_whoever_leaves_in_a_silence_is_computed_for_no_longer(response_format: StreamFormat) -> None:
    """In every format the next block after a client has gone is not made."""
    served = fake_served(settings=Settings(synthesis_workers=2, max_speech_seconds=1e6))
    body = SpeechBody(**fields(response_format=response_format))
    slot = served.scheduler.admit("gone")
    begun = begin_speech(served, body, slot, events=None)
    made = [begun.first]
    made += [chunk for chunk, _ in zip(begun.rest, range(3), strict=False)]
    slot.close(cancelled=True)
    with pytest.raises(Cancelled):
        next(begun.rest)
    assert sum(map(len, made)) < 2_000_000


@pytest.mark.parametrize("path", [SPEECH, CAPTIONS, "/v1/audio/speech"])
@pytest.mark.parametrize("flood", [b"[]," * 10**6, b'{"a":' * 10**6, b"1," * 10**6, b" " * 10**6])
def test_a_flood_of_values_is_refused(path: str, flood: bytes) -> None:
    """JSON that is small to send and large to parse is 400 before it is parsed."""
    body = b'{"model": "fake", "voice": "fake_en", "input": [' + flood
    with client_of(fake_served()) as client:
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert len(answer.content) < 1000


def test_a_text_beyond_any_speech_is_too_long() -> None:
    """A text that could not be spoken within the bound is refused as too long, while it is read."""
    served = fake_served(settings=Settings(synthesis_workers=2, max_speech_seconds=60.0))
    with client_of(served) as client:
        answer = client.post(SPEECH, json=fields(input="word " * 50_000))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "input", "string_above_max_length")


@pytest.mark.parametrize("field", ["model", "voice", "language", "response_format", "stream_format", "x" * 100_000])
def test_what_is_sent_back_of_a_request_is_short(field: str) -> None:
    """However long a wrong field is, the answer is not."""
    with client_of(fake_served()) as client:
        answer = client.post(SPEECH, json=fields(input="It was late.") | {field: "a+" * 50_000})
    assert answer.status_code in {400, 404}
    assert len(answer.content) < 4000


def test_an_unknown_model_with_a_long_name_is_not_found() -> None:
    """A long name is no other mistake than a short one."""
    with client_of(fake_served()) as client:
        answer = client.post(SPEECH, json=fields(model="m" * 10_000))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
