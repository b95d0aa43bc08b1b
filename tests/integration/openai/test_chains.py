"""The chains of providers: one breaker for each model and key, retired models, and their successors."""

from __future__ import annotations

import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI
from pydantic import SecretStr

from sayso.audio import AudioFormat, AudioWriter
from sayso.bootstrap.chains import EngineRegistry
from sayso.bootstrap.providers import shutdown_watch
from sayso.errors import EngineUnavailable, EverythingFailed
from sayso.resilience import BreakerState
from sayso.scheduling import UNBOUNDED
from sayso.settings import ApiSettings
from sayso.stt import TranscriptionOptions, open_recording
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import FaultKind, OpenAIServer
from sayso.transcription import transcribe
from support.api.app_contexts import client_of, fake_served, running
from support.audio.tones import ToneTranscriber, spoken
from support.text.utterances import utterance
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.resilience import ChainResult
    from sayso.stt import Transcript

STATUSES = [400, 403, 404, 410, 503]
SHUTDOWN = "2027-02-26"
MIDNIGHT = datetime(2027, 2, 26, tzinfo=UTC).timestamp()
RECORDING = spoken([1, 2, 3])


@pytest.fixture(scope="module")
def other_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=ToneTranscriber(), key="sk-other") as running:
        yield running


@pytest.fixture
def other(other_server: OpenAIServer) -> OpenAIServer:
    other_server.forget()
    return other_server


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def registry(
    tmp_path: Path, server: OpenAIServer, *, clock: Any = time.time, **values: Any
) -> Iterator[EngineRegistry]:
    settings = ApiSettings(openai_api_key=SecretStr(server.key), openai_base_url=server.base_url).model_copy(
        update={
            "models_base_path": tmp_path,
            "cache_dir": tmp_path,
            "fallback_to_local": False,
            "openai_retries": 0,
            "openai_timeout_seconds": 250.0,
            **values,
        }
    )
    engines = EngineRegistry(settings, clock=clock)
    try:
        yield engines
    finally:
        engines.close()


def heard(engines: EngineRegistry, model: str, **options: Any) -> ChainResult[Transcript]:
    chain = engines.catalogue(lambda _failure: None).transcription_model(model).chain
    with open_recording(RECORDING) as recording:
        return transcribe(chain, recording, TranscriptionOptions(**options))


def asked(server: OpenAIServer, model: str) -> int:
    return sum(request.fields.get("model") == model for request in server.requests)


def entry(name: str, server: OpenAIServer, variable: str) -> dict[str, Any]:
    return {"name": name, "preset": "openai", "base_url": server.base_url, "key_variable": variable}


@pytest.mark.parametrize("status", STATUSES)
def test_after_its_date_the_successor_answers(server: OpenAIServer, tmp_path: Path, status: int) -> None:
    """The date is in the list of models; whatever the retired model would answer, no request reaches it."""
    server.models.date("whisper-1", on="2026-01-01")
    server.models.retire("gpt-4o-transcribe", status=status)
    with registry(tmp_path, server) as engines:
        watch = shutdown_watch(engines.asked_providers)
        assert watch is not None
        watch.read()
        made = heard(engines, "whisper-1")
    assert (made.engine, made.model, made.fell_back) == ("openai", "gpt-transcribe", False)
    assert "word01" in made.result.text
    assert asked(server, "whisper-1") == 0


@pytest.mark.parametrize("status", STATUSES)
def test_on_the_day_one_request_at_most_reaches_it(server: OpenAIServer, tmp_path: Path, status: int) -> None:
    """Its own clock is late, so it still asks: the answer counts, the same request is answered, and no other asks."""
    server.models.date("whisper-1", on=SHUTDOWN)
    server.models.retire("whisper-1", status=status)
    with registry(tmp_path, server, clock=Clock(MIDNIGHT - 3600)) as engines:
        for each in engines.providers:
            each.shutdowns.learn({"whisper-1": datetime.fromisoformat(SHUTDOWN).date()})
        made = [heard(engines, "whisper-1") for _ in range(4)]
        states = engines.states()
    assert {each.model for each in made} == {"gpt-transcribe"}
    assert [failure.reason for failure in made[0].failures] == ["model_retired"]
    assert asked(server, "whisper-1") == 1
    assert states["openai"] is BreakerState.CLOSED


def test_the_hybrid_answer_says_who_it_was(server: OpenAIServer, tmp_path: Path) -> None:
    """``source`` keeps its values: the successor is OpenAI still; the reason of the first answer is the retirement."""
    server.models.retire("whisper-1")
    with registry(tmp_path, server) as engines:
        served = replace(fake_served(), catalogue=engines.catalogue(lambda _failure: None))
        with client_of(served) as client:
            files = {"audio_file": ("tones.wav", sound_of_tones())}
            first, second = (
                client.post("/api/v1/hybrid/stt", files=files, data={"return_debug": "true"}).json() for _ in range(2)
            )
    for body in (first, second):
        assert (body["source"], body["metadata"]["model_used"]) == ("openai", "gpt-transcribe")
        assert body["metadata"]["fallback_used"] is False
    assert first["debug"]["fallback_reason"] == "model_retired"


def sound_of_tones() -> bytes:
    sound = io.BytesIO()
    with AudioWriter(sound, AudioFormat.WAV, sample_rate_hz=RECORDING.sample_rate_hz) as writer:
        writer.write(RECORDING.samples)
    return sound.getvalue()


@pytest.mark.parametrize("status", [404, 410])
def test_a_model_that_ends_without_notice(server: OpenAIServer, tmp_path: Path, status: int) -> None:
    server.models.retire("whisper-1", status=status)
    with registry(tmp_path, server) as engines:
        made = [heard(engines, "whisper-1") for _ in range(3)]
    assert {each.model for each in made} == {"gpt-transcribe"}
    assert asked(server, "whisper-1") == 1


def test_eight_clients_while_the_day_comes(server: OpenAIServer, tmp_path: Path) -> None:
    """The clock passes the shutdown while 8 of OpenAI's clients ask over HTTP without pause: no request fails.

    None reaches the model after its date, either.
    """
    clock = Clock(MIDNIGHT - 3600)
    server.models.date("whisper-1", on=SHUTDOWN)
    with registry(tmp_path, server, clock=clock) as engines:
        watch = shutdown_watch(engines.asked_providers)
        assert watch is not None
        watch.read()
        served = replace(fake_served(), catalogue=engines.catalogue(lambda _failure: None))
        with running(served) as address, ThreadPoolExecutor(8) as threads:
            clients = Clients(f"{address}/v1")
            work = [threads.submit(clients.ask) for _ in range(8)]
            try:
                clients.wait_for(24)
                clock.now = MIDNIGHT - 299
                clients.wait_for(16)  # what was under way has ended
                late = asked(server, "whisper-1")
                server.models.retire("whisper-1")
                clock.now = MIDNIGHT
                clients.wait_for(24)
            finally:
                clients.is_over.set()
            for each in work:
                each.result()
    assert clients.failed == []
    assert set(clients.models) == {"whisper-1", "gpt-transcribe"}
    assert asked(server, "whisper-1") == late


class Clients:
    """OpenAI's clients, which ask for the same transcript until they are told to stop."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.is_over = threading.Event()
        self.models: list[str] = []
        """Which model answered each request."""
        self.failed: list[BaseException] = []

    def ask(self) -> None:
        sound = sound_of_tones()
        with OpenAI(base_url=self.base_url, api_key="none", max_retries=0, timeout=240) as client:
            while not self.is_over.is_set():
                try:
                    raw = client.audio.transcriptions.with_raw_response.create(
                        model="whisper-1", file=("tones.wav", sound)
                    )
                    self.models.append(raw.headers["x-sayso-model"])
                except Exception as error:  # noqa: BLE001 -- counted
                    self.failed.append(error)

    def wait_for(self, count: int) -> None:
        """Wait until so many more requests have been answered, or failed."""
        before = len(self.models) + len(self.failed)
        wait_until(lambda: len(self.models) + len(self.failed) >= before + count)


def test_a_dead_model_leaves_its_sibling_alone(server: OpenAIServer, tmp_path: Path) -> None:
    """One breaker for each model: five failures of one open its own."""
    with registry(tmp_path, server) as engines:
        server.faults(always=FaultKind.SERVER_ERROR)
        for _ in range(5):
            with pytest.raises(EngineUnavailable):
                heard(engines, "gpt-4o-transcribe")
        server.faults()
        states = engines.states()
        assert states["openai/gpt-4o-transcribe"] is BreakerState.OPEN
        assert states["openai/gpt-transcribe"] is BreakerState.CLOSED
        with pytest.raises(EngineUnavailable, match="fails too often"):
            heard(engines, "gpt-4o-transcribe")
        assert heard(engines, "gpt-transcribe").model == "gpt-transcribe"


def test_the_next_provider_answers(server: OpenAIServer, other: OpenAIServer, tmp_path: Path, monkeypatch: Any) -> None:
    """Two providers, one dead: the second one answers, and is called a fallback."""
    monkeypatch.setenv("FIRST_KEY", server.key)
    monkeypatch.setenv("SECOND_KEY", other.key)
    providers = json.dumps([entry("first", server, "FIRST_KEY"), entry("second", other, "SECOND_KEY")])
    with registry(tmp_path, server, providers=providers) as engines:
        assert heard(engines, "whisper-1").engine == "first"
        server.faults(always=FaultKind.OVERLOADED)
        made = [heard(engines, "whisper-1") for _ in range(6)]
        assert {each.engine for each in made} == {"second"}
        assert all(each.fell_back for each in made)
        assert [failure.reason for failure in made[-1].failures] == ["breaker_open"]
        assert asked(other, "whisper-1") == 6
        chain = engines.catalogue(lambda _failure: None).speech_model("tts-1").with_voice("alloy")
        assert [(link.name, link.model) for link in chain.links if link.is_needed()] == [
            ("first", "tts-1"),
            ("second", "tts-1"),
        ]


def test_each_key_fails_on_its_own(server: OpenAIServer, tmp_path: Path, monkeypatch: Any) -> None:
    """Two keys of one provider, one rejected: the other answers, and each has its breaker."""
    monkeypatch.setenv("BAD_KEY", "sk-wrong")
    monkeypatch.setenv("GOOD_KEY", server.key)
    providers = json.dumps([entry("first", server, "X") | {"key_variable": ["BAD_KEY", "GOOD_KEY", "UNSET_KEY"]}])
    with registry(tmp_path, server, providers=providers) as engines:
        made = [heard(engines, "whisper-1") for _ in range(7)]
        assert {each.engine for each in made} == {"first"}
        assert [failure.reason for failure in made[0].failures] == ["rejected_key"]
        assert [failure.reason for failure in made[-1].failures] == ["breaker_open"]
        bad, good = (each.breaker("whisper-1").state for each in engines.asked_providers)
        assert (bad, good) == (BreakerState.OPEN, BreakerState.CLOSED)


def test_speech_goes_to_the_next_engine(
    server: OpenAIServer, other: OpenAIServer, tmp_path: Path, monkeypatch: Any
) -> None:
    """tts-1 is retired and has no successor with this provider: the next one speaks, with the same voice."""
    monkeypatch.setenv("FIRST_KEY", server.key)
    monkeypatch.setenv("SECOND_KEY", other.key)
    first = entry("first", server, "FIRST_KEY") | {"speech": {"model": "tts-1", "voices": ["alloy"]}}
    providers = json.dumps([first, entry("second", other, "SECOND_KEY")])
    server.models.retire("tts-1", status=410)
    with registry(tmp_path, server, providers=providers) as engines:
        chain = engines.catalogue(lambda _failure: None).speech_model("tts-1").with_voice("alloy")
        for _ in range(3):
            made = chain.run(
                lambda source: source.open(UNBOUNDED).synthesise(utterance("Hello."), voice="alloy", speed=1.0)
            )
            assert made.engine == "second"
    assert asked(server, "tts-1") == 1
    assert asked(other, "tts-1") == 3


def test_when_nothing_is_left_the_error_says_so(server: OpenAIServer, tmp_path: Path) -> None:
    server.models.retire("whisper-1", "gpt-transcribe")
    with registry(tmp_path, server) as engines:
        for _ in range(2):
            with pytest.raises(EverythingFailed, match="does not have the model gpt-transcribe"):
                heard(engines, "whisper-1")
    assert (asked(server, "whisper-1"), asked(server, "gpt-transcribe")) == (1, 1)


def test_a_key_without_the_right_to_list_models_works(server: OpenAIServer, tmp_path: Path) -> None:
    server.models.may_list = False
    with registry(tmp_path, server) as engines:
        watch = shutdown_watch(engines.asked_providers)
        assert watch is not None
        watch.read()
        assert engines.providers[0].connection.last_answer is None
        assert heard(engines, "whisper-1").model == "whisper-1"


def test_the_list_is_read_again_when_a_model_was_not_found(server: OpenAIServer, tmp_path: Path) -> None:
    with registry(tmp_path, server) as engines:
        watch = shutdown_watch(engines.asked_providers)
        assert watch is not None
        watch.read()
        server.models.retire("whisper-1")
        assert heard(engines, "whisper-1").model == "gpt-transcribe"
        watch.start()
        wait_until(lambda: sum(request.path == "/v1/models" for request in server.requests) >= 2)
        watch.close()
