"""Requests while a model is being pulled: an answer with the time to come back, and a breaker that stays closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from sayso.errors import ModelArriving, ModelMissing
from sayso.resilience import Breaker, BreakerState, Chain, Link
from sayso.resilience.breaker_limits import LOCAL_ENGINE
from sayso.stt import LocalTranscriber
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.tts.selection import LocalSpeech
from sayso.types import Voice
from support.api.app_contexts import client_of, fake_served
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from sayso.stt import Transcriber

SOUND = encoded(np.full(24_000, 0.1, np.float32), "wav")
MESSAGE = "A model that this needs is not here yet. Being pulled: whisper-base (34 of 148 MB)."


def arriving() -> NoReturn:
    raise ModelArriving("Being pulled: whisper-base (34 of 148 MB).", retry_after_seconds=7)


def missing() -> NoReturn:
    raise ModelMissing("It is not here.")


def test_a_request_for_an_arriving_model_is_told_when_to_come_back() -> None:
    """503 with Retry-After, which OpenAI's SDKs obey; however often a client asks, the breaker does not open."""
    breaker = Breaker(LOCAL_ENGINE)
    transcriber = LocalTranscriber("local", missing, obtain=arriving)
    link: Link[Transcriber] = Link(name="local", engine=transcriber, breaker=breaker)
    served = fake_served()
    model = served.catalogue.transcription["fake"]
    object.__setattr__(model, "chain", Chain([link]))
    with client_of(served) as client:
        for _ in range(25):
            files = {"file": ("a.wav", SOUND, "audio/wav")}
            answer = client.post("/v1/audio/transcriptions", files=files, data={"model": "fake"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert client.get("/live").status_code == 200
    assert answer.json()["error"]["message"] == MESSAGE
    assert breaker.state is BreakerState.CLOSED


def test_another_engine_is_used_meanwhile() -> None:
    """An arriving model is a reason for the next engine, as any other."""
    links: list[Link[Transcriber]] = [
        Link(name="local", engine=LocalTranscriber("local", missing, obtain=arriving), breaker=Breaker(LOCAL_ENGINE)),
        Link(name="other", engine=FakeTranscriber(), breaker=Breaker(LOCAL_ENGINE)),
    ]
    done = Chain(links).run(lambda engine: engine.fingerprint)
    assert (done.engine, [failure.reason for failure in done.failures]) == ("other", ["model_arriving"])


def test_a_model_that_has_arrived_is_opened_at_once() -> None:
    """And its voices are listed before, so that the page offers them."""
    here: list[FakeSpeechEngine] = []

    def open_engine() -> FakeSpeechEngine:
        return here[0] if here else missing()

    voice = Voice(name="fake_en", language="en-us", engine="fake")
    obtained: list[bool] = []

    def obtain() -> None:
        obtained.append(True)
        here.append(FakeSpeechEngine())

    source = LocalSpeech("fake", open_engine, obtain=obtain, known_voices=[voice])
    assert source.voices() == (voice,)
    assert obtained == []
    assert source.voice("fake_en") == "fake_en"
    assert source.voice("fake_fr") == "fake_fr"
    assert obtained == [True]
