"""The fault server itself: it speaks as OpenAI does, and fails as it is told to."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import openai
import pytest

from sayso.audio import decode
from sayso.cards.mp3 import check_mp3
from sayso.stt import SAMPLE_RATE_HZ
from sayso.subtitles import parse_subtitles
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer, StampedSpeech, stamp, stamp_of
from support.audio.sounds import encoded
from support.audio.tones import spoken
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT_SECONDS = 60.0
SHORT_SECONDS = 0.3

SPEAK: dict[str, Any] = {"model": "gpt-4o-mini-tts", "input": "Good morning to you all.", "voice": "alloy"}


@pytest.fixture
def http(server: OpenAIServer) -> Iterator[httpx2.Client]:
    """A client that has the key, and knows nothing of OpenAI."""
    headers = {"authorization": f"Bearer {server.key}"}
    with httpx2.Client(base_url=server.base_url, headers=headers, timeout=PATIENT_SECONDS) as client:
        yield client


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, which tries once."""
    with openai.OpenAI(api_key=server.key, base_url=server.base_url, max_retries=0) as made:
        yield made


@pytest.fixture
def recording() -> tuple[str, bytes]:
    """Twelve words in two segments, as a file."""
    return "words.wav", encoded(spoken(list(range(12))).samples, "wav", sample_rate_hz=SAMPLE_RATE_HZ)


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def test_models_are_listed(client: openai.OpenAI) -> None:
    """OpenAI's client reads the list."""
    assert {"whisper-1", "gpt-4o-mini-tts"} <= {model.id for model in client.models.list()}


@pytest.mark.parametrize("wanted", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_speech_comes_in_every_format(client: openai.OpenAI, wanted: Any) -> None:
    """Each format holds about the same speech."""
    body = client.audio.speech.create(**SPEAK, response_format=wanted).content

    if wanted == "pcm":
        seconds = len(np.frombuffer(body, "<i2")) / 24_000
    else:
        seconds = decode(io.BytesIO(body), sample_rate_hz=24_000).duration_seconds
    assert seconds == pytest.approx(2.0, abs=0.5)


def test_a_transcription_comes_in_every_format(client: openai.OpenAI, recording: tuple[str, bytes]) -> None:
    """The text is the same in all of them; words are bare, segments have every field, and text its punctuation."""

    def ask(**options: Any) -> Any:
        return client.audio.transcriptions.create(file=recording, model="whisper-1", **options)

    verbose = ask(response_format="verbose_json", timestamp_granularities=["word", "segment"])

    assert ask().text == verbose.text
    assert ask(response_format="text").strip() == verbose.text
    for kind in ("srt", "vtt"):
        cues = parse_subtitles(ask(response_format=kind))
        assert " ".join(line for cue in cues for line in cue.lines) == verbose.text
    assert verbose.language == "english"
    assert [word.word for word in verbose.words] == [f"word{number:02d}" for number in range(12)]
    assert "".join(segment.text for segment in verbose.segments).strip() == verbose.text
    fields = {"id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio"}
    assert fields | {"no_speech_prob"} == set(verbose.segments[0].model_dump())


def test_other_models_give_other_formats(client: openai.OpenAI, recording: tuple[str, bytes]) -> None:
    """Only whisper-1 gives times; speakers are told apart by the model that is made for it."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(file=recording, model="gpt-4o-transcribe", response_format="verbose_json")
    assert caught.value.param == "response_format"

    diarized = client.audio.transcriptions.create(
        file=recording, model="gpt-4o-transcribe-diarize", response_format="diarized_json"
    )
    assert [segment.speaker for segment in diarized.segments] == ["A", "B"]


@pytest.mark.parametrize(
    ("changed", "status", "param", "code"),
    [
        ({"input": "a" * 4097}, 400, "input", "string_above_max_length"),
        ({"input": ""}, 400, "input", None),
        ({"voice": "nobody"}, 400, "voice", None),
        ({"speed": 5}, 400, "speed", None),
        ({"response_format": "ogg"}, 400, "response_format", None),
        ({"model": "tts-9"}, 404, "model", "model_not_found"),
    ],
)
def test_mistakes_in_speech_are_refused_as_openai_does(
    http: httpx2.Client, changed: dict[str, Any], status: int, param: str, code: str | None
) -> None:
    """Each in the envelope, with the field that is wrong."""
    answer = http.post("/audio/speech", json=SPEAK | changed)
    error = error_of(answer)

    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"


def test_mistakes_in_transcription_are_refused_as_openai_does(
    http: httpx2.Client, recording: tuple[str, bytes]
) -> None:
    """A name without a format, a file without sound, too little of it, and too many bytes."""

    def refused(name: str, data: bytes) -> tuple[int, str]:
        answer = http.post("/audio/transcriptions", data={"model": "whisper-1"}, files={"file": (name, data)})
        return answer.status_code, error_of(answer)["code"] or error_of(answer)["message"][:20]

    short = encoded(spoken([1]).samples[:1000], "wav", sample_rate_hz=SAMPLE_RATE_HZ)
    assert refused("recording", recording[1]) == (400, "Invalid file format.")
    assert refused("letter.wav", b"Dear all") == (400, "Invalid file format.")
    assert refused("short.wav", short) == (400, "audio_too_short")
    assert refused("large.wav", bytes(25 * 2**20 + 1)) == (413, "Maximum content size")


def test_a_wrong_key_is_refused(server: OpenAIServer) -> None:
    """Without the key there is nothing but a refusal."""
    answer = httpx2.get(
        f"{server.base_url}/models", headers={"authorization": "Bearer sk-other"}, timeout=PATIENT_SECONDS
    )

    assert (answer.status_code, error_of(answer)["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.RATE_LIMITED, 429, "rate_limit_exceeded"),
        (FaultKind.QUOTA, 429, "insufficient_quota"),
        (FaultKind.REJECTED_KEY, 401, "invalid_api_key"),
        (FaultKind.SERVER_ERROR, 500, None),
        (FaultKind.OVERLOADED, 503, None),
    ],
)
def test_a_fault_that_answers_does_so_in_the_envelope(
    server: OpenAIServer, http: httpx2.Client, kind: FaultKind, status: int, code: str | None
) -> None:
    """With its status and code, and a Retry-After only where one was planned."""
    server.faults(kind)
    answer = http.post("/audio/speech", json=SPEAK)

    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.OVERLOADED])
def test_retry_after_is_sent_when_planned(server: OpenAIServer, http: httpx2.Client, kind: FaultKind) -> None:
    """In seconds, as the fault has it."""
    server.faults(Fault(kind=kind, retry_after_seconds=2))
    assert http.post("/audio/speech", json=SPEAK).headers["retry-after"] == "2"


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.HANG_IN_BODY, FaultKind.DRIP])
def test_a_fault_that_hangs_never_ends(server: OpenAIServer, http: httpx2.Client, kind: FaultKind) -> None:
    """What hangs answers nothing or half; what drips answers a byte at a time; none of it is whole in time."""
    server.faults(Fault(kind=kind, interval_seconds=SHORT_SECONDS / 3))
    received = b""
    reads = {FaultKind.HANG: SHORT_SECONDS, FaultKind.HANG_IN_BODY: 3.0, FaultKind.DRIP: PATIENT_SECONDS}
    patience = httpx2.Timeout(PATIENT_SECONDS, read=reads[kind])  # the half of an answer comes late from a busy machine

    with (
        pytest.raises(httpx2.ReadTimeout) if kind is not FaultKind.DRIP else pytest.raises(StopIteration),
        http.stream("POST", "/audio/speech", json=SPEAK, timeout=patience) as answer,
    ):
        for piece in answer.iter_raw():
            received += piece
            if kind is FaultKind.DRIP and len(received) == 5:
                raise StopIteration

    assert (len(received) > 5) == (kind is FaultKind.HANG_IN_BODY)


def test_a_cut_ends_the_connection_in_the_middle(server: OpenAIServer, http: httpx2.Client) -> None:
    """The headers promise more than comes."""
    server.faults(FaultKind.CUT)
    with pytest.raises(httpx2.RemoteProtocolError):
        http.post("/audio/speech", json=SPEAK)


def test_garbage_looks_like_an_answer(server: OpenAIServer, http: httpx2.Client) -> None:
    """Status and type are right, and the body is not."""
    server.faults(FaultKind.GARBAGE, FaultKind.WRONG_TYPE)
    garbage, page = (http.get("/models") for _ in range(2))

    assert (garbage.status_code, garbage.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="decode"):
        garbage.json()
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def test_faults_are_planned_in_order(server: OpenAIServer, http: httpx2.Client) -> None:
    """One each for the next requests, then what is always, until another plan."""
    server.faults(FaultKind.QUOTA, None, always=FaultKind.OVERLOADED)
    planned = [http.get("/models").status_code for _ in range(4)]
    server.faults()

    assert [*planned, http.get("/models").status_code] == [429, 200, 503, 503, 200]


def test_a_request_may_ask_for_its_fault(http: httpx2.Client) -> None:
    """A header names the fault of a single request."""
    assert http.get("/models", headers={"x-fault": "server_error"}).status_code == 500
    assert http.get("/models").status_code == 200


def test_requests_are_recorded_without_the_key(
    server: OpenAIServer, http: httpx2.Client, recording: tuple[str, bytes]
) -> None:
    """Sizes, times, status and fields are there to be asserted on; the key is not."""
    http.post("/audio/transcriptions", data={"model": "whisper-1", "prompt": "Keeper"}, files={"file": recording})
    received = server.requests[0]
    wait_until(lambda: received.ended_at is not None)  # recorded after the answer was sent

    assert (received.method, received.path, received.status) == ("POST", "/v1/audio/transcriptions", 200)
    assert received.size_bytes > len(recording[1])
    assert received.ended_at is not None
    assert received.ended_at >= received.began_at
    assert (received.fields["prompt"], received.fields["filename"]) == ("Keeper", "words.wav")
    assert server.key not in repr(received)


def test_stopped_it_refuses_connections_and_started_it_serves_at_the_same_place(server: OpenAIServer) -> None:
    """A stop lets go of what hangs, and the port stays its own."""
    with OpenAIServer() as other:
        address = other.base_url
        other.stop()
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{address}/models", timeout=PATIENT_SECONDS)
        other.start()
        assert other.base_url == address
        assert httpx2.get(f"{address}/models", timeout=PATIENT_SECONDS).status_code == 401
    assert server.base_url != address


def test_it_runs_as_a_process_that_others_can_plan_faults_for() -> None:
    """It tells where it listens, takes plans over HTTP, and ends well when it is told to."""
    command = [sys.executable, "-m", "sayso.testing.openai_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            headers = {"authorization": f"Bearer {told['key']}"}
            root = told["base_url"].removesuffix("/v1")
            plan = {"following": [{"kind": "rate_limited", "retry_after_seconds": 3}, None]}
            with httpx2.Client(headers=headers, timeout=PATIENT_SECONDS) as http:
                http.put(f"{root}/control/faults", json=plan)
                answers = [http.get(f"{told['base_url']}/models") for _ in range(2)]
                records = http.get(f"{root}/control/requests").json()
                http.delete(f"{root}/control/requests")
                assert http.get(f"{root}/control/requests").json() == []
        finally:
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENT_SECONDS)

    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert [record["fault"] for record in records] == ["rate_limited", None]
    assert (process.returncode, errors) == (0, "")


def test_stamped_speech_says_of_what_it_is() -> None:
    """It is an MP3 file, with a stamp of its text and its voice, and comes no sooner than it should."""
    speech = StampedSpeech()
    with (
        OpenAIServer(speech=speech, latency_seconds=SHORT_SECONDS) as server,
        openai.OpenAI(api_key=server.key, base_url=server.base_url, max_retries=0) as client,
    ):
        mp3 = client.audio.speech.create(model="gpt-4o-mini-tts", input="Bonjour.", voice="verse").content
        (received,) = server.requests
    check_mp3(mp3, "Bonjour.")
    assert stamp_of(mp3) == stamp("Bonjour.", voice="verse") != stamp("Bonjour.", voice="alloy")
    assert stamp_of(mp3[:60]) is None
    assert stamp_of(speech.answer(SPEAK)[0][100:]) is None
    assert received.ended_at is not None
    assert received.ended_at - received.began_at >= SHORT_SECONDS
