"""What speech servers get wrong while they work: health, streams that fail, clients that go away."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from structlog.testing import capture_logs

from sayso.errors import Busy
from sayso.scheduling import Scheduler
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from support.api.app_contexts import fake_served
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sayso.api.context import AppContext
    from sayso.stt import Transcript
    from sayso.types import Speech, Utterance

    Serve = Callable[[AppContext], AbstractContextManager[httpx2.Client]]

HANGS_UP = httpx2.Timeout(WAIT_SECONDS, read=0.5)
LONG_TEXT = "The lamp burned on through the night. " * 40


class BlockedEngine(FakeSpeechEngine):
    """Speaks so many utterances, and then holds its thread until it is let go."""

    def __init__(self, *, after: int = 0) -> None:
        super().__init__(workers=1)
        self.let_go = threading.Event()
        self._after = after

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        speech = super().synthesise(utterance, voice=voice, speed=speed)
        if self.calls > self._after:
            self.let_go.wait()
        return speech


class BlockedTranscriber(FakeTranscriber):
    """Holds its thread, with a permit, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        with options["context"].permit():
            self.let_go.wait()
        return super().transcribe(*args, **options)


def speech_fields(**fields: Any) -> dict[str, Any]:
    return {"model": "fake", "input": LONG_TEXT, "voice": "fake_en", "response_format": "pcm"} | fields


def has_room(served: AppContext) -> bool:
    """Whether another request would be served now."""
    try:
        served.scheduler.admit("another").close()
    except Busy:
        return False
    return True


@pytest.fixture
def blocked() -> Iterator[BlockedEngine]:
    engine = BlockedEngine()
    yield engine
    engine.let_go.set()


@pytest.mark.parametrize("path", ["/health", "/healthz", "/ready", "/live", "/metrics", "/v1/models"])
def test_probes_are_answered_while_every_turn_is_taken(serve: Serve, blocked: BlockedEngine, path: str) -> None:
    """With all turns held, and more requests waiting than there are threads in a pool, probes are answered."""
    served = fake_served(speech=blocked, scheduler=Scheduler(permits=2, slots=100))
    with serve(served) as client, ThreadPoolExecutor(max_workers=50) as clients:
        fields = speech_fields(input="It is late.")
        asked = [clients.submit(client.post, "/v1/audio/speech", json=fields) for _ in range(50)]
        wait_until(lambda: served.scheduler.load.computing == 2 and served.scheduler.load.taken == 50)
        assert client.get(path).status_code == 200
        assert served.scheduler.load.computing == 2
        blocked.let_go.set()
        assert {each.result().status_code for each in asked} == {200}


def test_probes_are_answered_while_everybody_listens(serve: Serve, recording_of_noise: bytes) -> None:
    """So they are while transcription holds every permit."""
    ear = BlockedTranscriber()
    served = fake_served(transcriber=ear)
    with serve(served) as client, ThreadPoolExecutor(max_workers=4) as clients:
        asked = [
            clients.submit(
                client.post, "/v1/audio/transcriptions", data={"model": "fake"}, files={"file": recording_of_noise}
            )
            for _ in range(4)
        ]
        try:
            wait_until(lambda: served.scheduler.load.computing == 2)
            assert client.get("/health").status_code == 200
            assert client.get("/metrics").status_code == 200
        finally:
            ear.let_go.set()
        assert {each.result().status_code for each in asked} == {200}


def test_a_failure_in_the_middle_ends_the_reader(serve: Serve) -> None:
    """Sound that cannot be finished is cut off, so that its reader neither waits for ever nor takes it for whole."""
    served = fake_served(speech=FakeSpeechEngine(failing_calls=[3], workers=1))
    with serve(served) as client:
        with client.stream("POST", "/v1/audio/speech", json=speech_fields()) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                list(answer.iter_bytes())
        wait_until(lambda: served.scheduler.load.taken == 0)
        assert client.get("/health").status_code == 200


def test_a_failure_in_the_middle_is_the_last_event(serve: Serve) -> None:
    """A stream of events that cannot be finished ends with an error, and is over."""
    served = fake_served(speech=FakeSpeechEngine(failing_calls=[3], workers=1))
    with serve(served) as client:
        answer = client.post("/v1/audio/speech", json=speech_fields(stream_format="sse"))
        events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
        assert events[0]["type"] == "speech.audio.delta"
        assert events[-1]["type"] == "error"
        assert set(events[-1]["error"]) == {"message", "type", "param", "code"}
        wait_until(lambda: served.scheduler.load.taken == 0)


def test_a_failure_at_the_beginning_is_no_200(serve: Serve) -> None:
    """An engine that cannot begin is an error before any header is sent, streamed or not."""
    for fields in ({}, {"stream_format": "sse"}):
        served = fake_served(speech=FakeSpeechEngine(failing_calls=range(1, 100), workers=1))
        with serve(served) as client:
            answer = client.post("/v1/audio/speech", json=speech_fields(**fields))
            assert answer.status_code == 500
            assert answer.json()["error"]["type"] == "server_error"


def test_a_client_that_goes_away_frees_its_place(serve: Serve) -> None:
    """A slot is free when its client has gone, and counts as taken until the engine has stopped computing for it."""
    engine = BlockedEngine(after=1)
    served = fake_served(speech=engine, scheduler=Scheduler(permits=2, slots=1))
    with serve(served) as client:
        try:
            with client.stream("POST", "/v1/audio/speech", json=speech_fields()) as answer:
                pieces = answer.iter_bytes()  # kept: an iterator that is dropped closes the connection
                next(pieces)
                wait_until(lambda: served.scheduler.load.computing == 1)
            wait_until(lambda: has_room(served))
            assert served.scheduler.load.computing == 1
            assert served.scheduler.load.taken == 1
        finally:
            engine.let_go.set()
        wait_until(lambda: served.scheduler.load.taken == 0)
        assert served.scheduler.load.computing == 0
        assert engine.calls < 40, "nobody listens any more"


def test_a_client_that_goes_away_before_the_answer_frees_its_place(serve: Serve, blocked: BlockedEngine) -> None:
    """So it is when the client does not even wait for the first sound."""
    served = fake_served(speech=blocked, scheduler=Scheduler(permits=2, slots=1))
    with serve(served) as client:
        with pytest.raises(httpx2.ReadTimeout):
            client.post("/v1/audio/speech", json=speech_fields(), timeout=HANGS_UP)
        wait_until(lambda: has_room(served))
        blocked.let_go.set()
        wait_until(lambda: served.scheduler.load.taken == 0)


def test_a_client_that_goes_away_ends_its_transcription(serve: Serve, recording_of_noise: bytes) -> None:
    """A transcription whose client has gone releases its slot."""
    ear = BlockedTranscriber()
    served = fake_served(transcriber=ear, scheduler=Scheduler(permits=2, slots=1))
    with serve(served) as client:
        try:
            with pytest.raises(httpx2.ReadTimeout):
                client.post(
                    "/v1/audio/transcriptions",
                    data={"model": "fake"},
                    files={"file": recording_of_noise},
                    timeout=HANGS_UP,
                )
            wait_until(lambda: has_room(served))
        finally:
            ear.let_go.set()
        wait_until(lambda: served.scheduler.load.taken == 0)


def test_an_engine_s_failed_assertion_is_no_answer_without_an_envelope(serve: Serve) -> None:
    """An engine's bug is a 500 in the envelope, and the next request is served."""

    class Asserting(FakeSpeechEngine):
        def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
            assert self.calls, "a bug"
            return super().synthesise(utterance, voice=voice, speed=speed)

    # Captured: in a test structlog would render the traceback with all local variables, which takes a minute.
    with capture_logs() as logs, serve(fake_served(speech=Asserting())) as client:
        answer = client.post("/v1/audio/speech", json=speech_fields())
        assert answer.status_code == 500
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert [log["event"] for log in logs if log["log_level"] == "error"] == ["unhandled error"]
        assert client.get("/health").status_code == 200
