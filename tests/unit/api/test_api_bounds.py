"""What is small to send and large to make is refused before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.bodies import SpeechBody
from sayso.api.speaking import begin_speech
from sayso.audio import STREAM_FORMATS
from sayso.errors import Cancelled
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from served import client_of, fake_served

if TYPE_CHECKING:
    from sayso.audio import StreamFormat

SPEECH = "/v1/audio/speech"
CAPTIONS = "/v1/audio/speech/captions"
A_DAY_OF_PAUSES = "It was late. " + "[pause 60s]" * 1440 + " The lamp burned on."


def fields(**changed: Any) -> dict[str, Any]:
    return {"model": "fake", "input": A_DAY_OF_PAUSES, "voice": "fake_en"} | changed


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
    place = served.scheduler.take_place("gone")
    begun = begin_speech(served, body, place, events=None)
    made = [begun.first]
    made += [chunk for chunk, _ in zip(begun.rest, range(3), strict=False)]
    place.close(cancelled=True)
    with pytest.raises(Cancelled):
        next(begun.rest)
    assert sum(map(len, made)) < 2_000_000
