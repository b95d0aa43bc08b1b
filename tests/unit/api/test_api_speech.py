"""``/v1/audio/speech``: what it answers, and when."""

from __future__ import annotations

import base64
import io
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.routes.synthesis import begin_speech
from sayso.api.schemas.audio import SpeechBody
from sayso.audio import decode
from sayso.errors import EngineUnavailable, ModelMissing
from sayso.resilience import Breaker, Chain, Link
from sayso.resilience.breaker_limits import PROVIDER
from sayso.scheduling import UNBOUNDED
from sayso.testing import FakeSpeechEngine
from sayso.tts.joins import LEAD_IN_SECONDS, LEAD_OUT_SECONDS
from sayso.tts.selection import LocalSpeech
from support.api.app_contexts import client_of, fake_served
from support.audio.planning import PlanningFakeEngine
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.tts.base import SpeechEngine
    from sayso.tts.selection import SpeechSource
    from sayso.types import Speech, Utterance

TEXT = "The lamp was lit. Nobody came to see it, and it burned on."


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "fake", "input": TEXT, "voice": "fake_en"} | fields


class Broken(FakeSpeechEngine):
    """Speaks so many utterances, and then cannot."""

    def __init__(self, after: int) -> None:
        super().__init__(workers=1)
        self._after = after

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        if self.calls >= self._after:
            raise EngineUnavailable("OpenAI did not answer within 30 s.", reason="timeout")
        return super().synthesise(utterance, voice=voice, speed=speed)


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_every_format_holds_the_speech(client: TestClient, response_format: str) -> None:
    """The answer is a file of the format that was asked for, as long as the speech is."""
    answer = client.post("/v1/audio/speech", json=body(response_format=response_format))
    bare = client.post("/v1/audio/speech", json=body(response_format="pcm"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-sayso-engine"] == "fake"
    audio = decode(io.BytesIO(answer.content), sample_rate_hz=24_000)
    assert audio.duration_seconds == pytest.approx(len(bare.content) / 2 / 24_000, abs=0.1)


@pytest.mark.parametrize(("speed", "factor"), [(0.25, 4.0), (0.5, 2.0), (2.0, 0.5), (4.0, 0.25)])
def test_speed_changes_the_length(client: TestClient, speed: float, factor: float) -> None:
    """Within what OpenAI takes, the spoken words take as much less time as the speed says."""

    def word_seconds(speed: float) -> float:
        fields = body(input="lamplight", response_format="pcm", speed=speed)
        samples = len(client.post("/v1/audio/speech", json=fields).content) // 2
        return samples / 24_000 - LEAD_IN_SECONDS - LEAD_OUT_SECONDS

    assert word_seconds(speed) / word_seconds(1.0) == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize(
    "text",
    ["It was late. [pause for effect] The lamp burned.", "[pause] Late.", "[voice:x] Late.", "So [pause 1s] late."],
)
def test_brackets_are_text(client: TestClient, text: str) -> None:
    """OpenAI has no directives, and chat models write such things: they are never refused, and never silence."""
    bare = text.replace("[", "").replace("]", "")
    plain, words = (client.post("/v1/audio/speech", json=body(input=each)) for each in (text, bare))
    assert plain.status_code == words.status_code == 200
    seconds = decode(io.BytesIO(words.content), sample_rate_hz=24_000).duration_seconds
    assert decode(io.BytesIO(plain.content), sample_rate_hz=24_000).duration_seconds == pytest.approx(seconds, abs=0.3)


def test_directives_are_carried_out_where_they_are_asked_for(client: TestClient) -> None:
    """An invalid one is text, and refuses nothing."""
    text = "It was late. [pause for effect] [pause 3s] The lamp burned."
    answers = [client.post("/v1/audio/speech", json=body(input=text, directives=each)) for each in (False, True)]
    assert [answer.status_code for answer in answers] == [200, 200]
    plain, paused = (decode(io.BytesIO(answer.content), sample_rate_hz=24_000).duration_seconds for answer in answers)
    assert paused > plain + 1


def test_events_carry_the_same_sound(client: TestClient) -> None:
    """Server-sent events hold, in order, the bytes of the file, and at the end what was used."""
    whole = client.post("/v1/audio/speech", json=body(response_format="pcm")).content
    answer = client.post("/v1/audio/speech", json=body(response_format="pcm", stream_format="sse"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == whole
    assert events[-1]["type"] == "speech.audio.done"
    usage = events[-1]["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"] > 0


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": ""}, "input", None),
        ({"input": "  \n "}, "input", None),
        ({"voice": "nobody"}, "voice", None),
        ({"response_format": "ogg"}, "response_format", None),
        ({"speed": 4.01}, "speed", None),
        ({"speed": "1"}, "speed", None),
        ({"speed": True}, "speed", None),
        ({"stream_format": "websocket"}, "stream_format", None),
        ({"model": "tts-1", "input": "a" * 4097}, "input", "string_above_max_length"),
        ({"respnse_format": "mp3"}, "respnse_format", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, fields: dict[str, Any], param: str, code: str | None) -> None:
    """A wrong field is the caller's mistake, in OpenAI's envelope with all four keys, naming the field."""
    answer = client.post("/v1/audio/speech", json=body(**fields))
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_a_missing_field_is_named(client: TestClient) -> None:
    """A request that lacks a field is told which."""
    error = client.post("/v1/audio/speech", json={"model": "fake", "input": TEXT}).json()["error"]
    assert (error["param"], error["code"]) == ("voice", "missing_required_parameter")


def test_an_unknown_model_is_not_found(client: TestClient) -> None:
    """A model that is not served is 404, as OpenAI's clients expect."""
    answer = client.post("/v1/audio/speech", json=body(model="gpt-9"))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def test_our_own_models_take_long_texts(client: TestClient) -> None:
    """The limit of 4096 characters is OpenAI's, not ours."""
    answer = client.post("/v1/audio/speech", json=body(input="The lamp was lit. " * 300))
    assert answer.status_code == 200


def test_a_voice_may_be_an_object(client: TestClient) -> None:
    """A voice may be named in an object, and by OpenAI's names."""
    assert client.post("/v1/audio/speech", json=body(voice={"id": "fake_en"})).status_code == 200
    assert client.post("/v1/audio/speech", json=body(voice="alloy")).status_code == 200


def test_another_engine_speaks_when_the_first_fails() -> None:
    """Before the first sound a failing engine is replaced, and the answer says who spoke."""
    with client_of(fake_served(cloud_speech=Broken(after=0))) as client:
        answer = client.post("/v1/audio/speech", json=body(model="tts-1", voice="alloy"))
        assert answer.status_code == 200
        assert answer.headers["x-sayso-engine"] == "fake"
        counted = client.get("/metrics").text
    assert 'sayso_fallbacks_total{engine="openai",reason="timeout"} 1.0' in counted


def test_a_model_that_was_not_pulled_keeps_no_other_engine_from_a_voice() -> None:
    """An engine of the chain that cannot be opened is left out."""
    served = fake_served(cloud_speech=FakeSpeechEngine())

    def fail() -> SpeechEngine:
        raise ModelMissing("The model is missing.")

    model = served.catalogue.speech_model("tts-1")
    missing: Link[SpeechSource] = Link(name="missing", engine=LocalSpeech("missing", fail), breaker=Breaker(PROVIDER))
    chain = Chain([*model.chain.links, missing])
    with_voice = replace(model, chain=chain).with_voice("alloy")
    assert [link.name for link in with_voice.links] == ["openai", "fake"]


def test_when_both_fail_one_error_names_both() -> None:
    """Without any engine left the answer is an error that a client may try again, before anything was sent."""
    with client_of(fake_served(cloud_speech=Broken(after=0), speech=Broken(after=0))) as client:
        answer = client.post("/v1/audio/speech", json=body(model="tts-1", voice="alloy"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    error = answer.json()["error"]
    assert "openai" in error["message"]
    assert "fake" in error["message"]
    assert error["type"] == "server_error"


def test_a_failure_in_the_middle_ends_the_events_with_an_error() -> None:
    """An engine that fails after the first sound ends the stream with an error, and no other voice goes on."""
    served = fake_served(cloud_speech=Broken(after=1))
    with client_of(served) as client:
        text = "The lamp was lit long ago. " * 40
        answer = client.post(
            "/v1/audio/speech", json=body(model="tts-1", voice="alloy", input=text, stream_format="sse")
        )
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert events[0]["type"] == "speech.audio.delta"
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["type"] == "server_error"
    assert served.scheduler.load.taken == 0


def test_a_full_server_says_when_to_come_again() -> None:
    """Without a free slot the answer is 429 with the time to wait."""
    served = fake_served()
    places = [served.scheduler.admit(f"other {n}") for n in range(served.settings.places)]
    with client_of(served) as client:
        answer = client.post("/v1/audio/speech", json=body())
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        places.pop().close()
        assert client.post("/v1/audio/speech", json=body()).status_code == 200


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
@pytest.mark.parametrize("response_format", ["pcm", "mp3", "opus"])
def test_an_answer_begins_when_only_its_beginning_is_made(stream_format: str, response_format: str) -> None:
    """Its first bytes hold up to a second of sound, while all the rest of the sentence is still to be made."""
    is_begun = threading.Event()
    engine = PlanningFakeEngine(lambda _: len(engine.made) == 1 or is_begun.wait(WAIT_SECONDS))
    served = fake_served(speech=engine)
    text = "The keeper climbed the narrow winding stairs at dusk and lit the enormous old lamp above the harbour."
    fields = body(input=text, stream_format=stream_format, response_format=response_format)
    events = (lambda speech, _: ({"audio": len(chunk)} for _, chunk in speech)) if stream_format == "sse" else None
    begun = begin_speech(served, SpeechBody.model_validate(fields), UNBOUNDED, events=events)
    is_begun.set()
    assert begun.first
    assert 0.5 < engine.made[0][0] < 1.3
    assert engine.made[0][1]
    assert all(begun.rest)
