"""Every kind of answer against OpenAI's published schema, and against the models of OpenAI's SDK, strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from openai.types import Model
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)
from openai.types.shared import ErrorObject

from sayso.api.auth.keys import Scope, new_key
from sayso.errors import EngineFailed, EngineUnavailable
from sayso.settings import Settings
from sayso.testing import FakeTranscriber
from support.api.app_contexts import client_of, fake_served
from support.api.openai_schema import members_beyond, schema_errors
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from starlette.testclient import TestClient

    from sayso.api.context import AppContext
    from sayso.stt import Transcript

HUM = encoded(np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1, "wav")
SILENCE = encoded(np.zeros(24_000, np.float32), "wav")
JAPANESE = "夜は遅かった。誰も来なかった。"

TRANSCRIPTIONS, TRANSLATIONS = "/v1/audio/transcriptions", "/v1/audio/translations"
EVENTS: dict[str, Any] = {
    "transcript.text.delta": TranscriptionTextDeltaEvent,
    "transcript.text.segment": TranscriptionTextSegmentEvent,
    "transcript.text.done": TranscriptionTextDoneEvent,
}


class Diarising(FakeTranscriber):
    """Distinguishes two speakers."""

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        transcript = super().transcribe(*args, **options)
        details = [replace(one, speaker="AB"[place % 2]) for place, one in enumerate(transcript.details)]
        return replace(transcript, details=tuple(details))


class Broken(FakeTranscriber):
    """Fails with an error of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def transcribe(self, *_args: Any, **_options: Any) -> Transcript:
        raise self._error


def of_speakers(transcriber: FakeTranscriber) -> AppContext:
    """The parts, whose models distinguish speakers; one of them answers the languages."""
    served = fake_served(transcriber=transcriber)
    models = served.catalogue.transcription
    diarising = {name: replace(model, tells_speakers_apart=True) for name, model in models.items()}
    diarising["gpt-transcribe"] = replace(diarising["whisper-1"], id="gpt-transcribe")
    return replace(served, catalogue=replace(served.catalogue, transcription=diarising))


@pytest.fixture(scope="module", params=["english", "japanese"])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    transcriber = Diarising() if request.param == "english" else Diarising(JAPANESE)
    with client_of(of_speakers(transcriber)) as client:
        yield client


def post(client: TestClient, path: str, file: bytes = HUM, **fields: Any) -> Any:
    return client.post(path, files={"file": ("hum.wav", file)}, data={"model": "fake", **fields})


def require(schema: str, model: type[BaseModel], content: Any, extensions: set[str] | None = None) -> None:
    """Hold an answer against the schema and the SDK's model, beyond which it may have these members."""
    assert schema_errors(schema, content) == []
    parsed = model.model_validate_json(json.dumps(content), strict=True)
    assert set(parsed.model_extra or ()) <= (extensions or set())


def events_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


@pytest.mark.parametrize("file", [HUM, SILENCE], ids=["hum", "silence"])
@pytest.mark.parametrize("model", ["fake", "whisper-1", "gpt-transcribe"])
def test_json_is_a_transcription(client: TestClient, file: bytes, model: str) -> None:
    """Text and usage; ``gpt-transcribe`` has the languages too."""
    content = post(client, TRANSCRIPTIONS, file, model=model).json()
    require("CreateTranscriptionResponseJson", Transcription, content)
    assert members_beyond(["CreateTranscriptionResponseJson"], content) <= {"languages"}  # of a later schema


@pytest.mark.parametrize("file", [HUM, SILENCE], ids=["hum", "silence"])
@pytest.mark.parametrize("times", [[], ["segment"], ["word"], ["word", "segment"]])
def test_verbose_json_is_a_transcription_with_times(client: TestClient, file: bytes, times: list[str]) -> None:
    """With each choice of times."""
    fields = {"timestamp_granularities[]": times} if times else {}
    content = post(client, TRANSCRIPTIONS, file, response_format="verbose_json", **fields).json()
    require("CreateTranscriptionResponseVerboseJson", TranscriptionVerbose, content, {"task"})
    assert members_beyond(["CreateTranscriptionResponseVerboseJson"], content) == {"task"}  # as in OpenAI's example
    assert ("words" in content, "segments" in content) == ("word" in times, times != ["word"])


@pytest.mark.parametrize("file", [HUM, SILENCE], ids=["hum", "silence"])
def test_diarized_json_is_a_transcription_with_speakers(client: TestClient, file: bytes) -> None:
    """Each segment has its speaker."""
    content = post(client, TRANSCRIPTIONS, file, response_format="diarized_json").json()
    require("CreateTranscriptionResponseDiarizedJson", TranscriptionDiarized, content)
    assert members_beyond(["CreateTranscriptionResponseDiarizedJson"], content) == set()


@pytest.mark.parametrize("file", [HUM, SILENCE], ids=["hum", "silence"])
@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json", "diarized_json"])
@pytest.mark.parametrize("model", ["fake", "gpt-transcribe"])
def test_each_event_of_a_stream_is_one_of_openais(
    client: TestClient, file: bytes, response_format: str, model: str
) -> None:
    """Whatever the format; our own members are in the last event only."""
    events = events_of(post(client, TRANSCRIPTIONS, file, stream="true", response_format=response_format, model=model))
    ours = {"engine", "languages", "language", "duration", "segments", "words"}
    for event in events:
        extensions = ours if event["type"] == "transcript.text.done" else set()
        require("CreateTranscriptionResponseStreamEvent", EVENTS[event["type"]], event, extensions)
    assert [event["type"] for event in events].count("transcript.text.done") == 1
    assert events[-1]["type"] == "transcript.text.done"


@pytest.mark.parametrize("file", [HUM, SILENCE], ids=["hum", "silence"])
def test_translations_are_openais(client: TestClient, file: bytes) -> None:
    """In both forms, and as events."""
    require("CreateTranslationResponseJson", Translation, post(client, TRANSLATIONS, file).json(), {"usage"})
    verbose = post(client, TRANSLATIONS, file, response_format="verbose_json").json()
    require("CreateTranslationResponseVerboseJson", TranslationVerbose, verbose, {"task", "usage"})
    assert verbose["language"] == "english"
    for event in events_of(post(client, TRANSLATIONS, file, stream="true")):
        require("CreateTranscriptionResponseStreamEvent", EVENTS[event["type"]], event, {"engine"})


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_each_event_of_speech_is_one_of_openais(client: TestClient, response_format: str) -> None:
    """Deltas, and a last event with the usage; the SDK has no models of them."""
    body = {"model": "fake", "input": "It was late.", "voice": "fake_en", "response_format": response_format}
    events = events_of(client.post("/v1/audio/speech", json={**body, "stream_format": "sse"}))
    schemas = {"speech.audio.delta": "SpeechAudioDeltaEvent", "speech.audio.done": "SpeechAudioDoneEvent"}
    for event in events:
        assert schema_errors("CreateSpeechResponseStreamEvent", event) == []
        assert schema_errors(schemas[event["type"]], event) == []
        assert members_beyond([schemas[event["type"]]], event) == set()
    assert [event["type"] for event in events[-2:]] == ["speech.audio.delta", "speech.audio.done"]


def test_models_are_openais(client: TestClient) -> None:
    """The list, and each of them."""
    listed = client.get("/v1/models").json()
    assert schema_errors("ListModelsResponse", listed) == []
    for model in listed["data"]:
        require("Model", Model, client.get(f"/v1/models/{model['id']}").json(), {"tasks"})


SPEECH = {"model": "fake", "input": "It was late.", "voice": "fake_en"}
REFUSED_SPEECH: list[tuple[int, dict[str, Any]]] = [
    (400, {"input": ""}),
    (400, {"voice": "no_such_voice"}),
    (400, {"speed": 9}),
    (400, {"response_format": "midi"}),
    (400, {"unknown": 1}),
    (400, {"ssml": True}),
    (404, {"model": "none"}),
]
REFUSED_RECORDINGS: list[tuple[int, dict[str, Any]]] = [
    (400, {"file": b"no sound"}),
    (400, {"file": encoded(np.ones(1000, np.float32) * 0.1, "wav")}),
    (400, {"response_format": "midi"}),
    (400, {"timestamp_granularities[]": "word"}),
    (400, {"language": "tlh"}),
    (404, {"model": "none"}),
]


def require_error(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert schema_errors("ErrorResponse", content) == []
    assert members_beyond(["ErrorResponse"], content) == set()
    require("Error", ErrorObject, content["error"])
    assert members_beyond(["Error"], content["error"]) == set()


@pytest.mark.parametrize(("status", "change"), REFUSED_SPEECH)
def test_a_refused_speech_is_openais_error(client: TestClient, status: int, change: dict[str, Any]) -> None:
    """All four members, each of its type."""
    require_error(client.post("/v1/audio/speech", json={**SPEECH, **change}), status)


@pytest.mark.parametrize(("status", "change"), REFUSED_RECORDINGS, ids=range(len(REFUSED_RECORDINGS)))
def test_a_refused_recording_is_openais_error(client: TestClient, status: int, change: dict[str, Any]) -> None:
    """The same, for transcriptions and their streams."""
    file = change.get("file", HUM)
    fields = {name: value for name, value in change.items() if name != "file"}
    require_error(post(client, TRANSCRIPTIONS, file, **fields), status)
    require_error(post(client, TRANSCRIPTIONS, file, stream="true", **fields), status)


def test_paths_methods_and_keys_have_openais_error() -> None:
    """Before a request reaches a route."""
    made = new_key("web", [Scope.SPEECH])
    with client_of(fake_served(settings=Settings(synthesis_workers=2, api_keys=(made.entry,)))) as client:
        require_error(client.get("/nowhere"), 404)
        require_error(client.get("/v1/audio/speech"), 405)
        require_error(client.get("/v1/models"), 401)
        require_error(client.get("/v1/models", headers={"api-key": "sk-wrong"}), 401)
        require_error(post(client, TRANSCRIPTIONS), 401)
        headers = {"authorization": f"Bearer {made.key}"}
        files = {"file": ("hum.wav", HUM)}
        require_error(client.post(TRANSCRIPTIONS, files=files, data={"model": "fake"}, headers=headers), 403)
        require_error(client.get("/v1/models/none", headers=headers), 404)
        refused = client.get("/v1/audio/voices?legacy=perhaps", headers=headers)
        require_error(refused, 400)
        assert refused.json()["error"]["param"] == "legacy"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EngineFailed("It broke."), 500),
        (RuntimeError("A slip."), 500),
        (EngineUnavailable("It does not answer.", reason="timeout"), 503),
    ],
)
def test_failures_of_the_server_have_openais_error(error: Exception, status: int) -> None:
    """A server's own error too, whatever it is."""
    with client_of(fake_served(transcriber=Broken(error))) as client:
        require_error(post(client, TRANSCRIPTIONS), status)


def test_a_rate_limit_is_openais_error() -> None:
    """429, with Retry-After."""
    with client_of(fake_served(settings=Settings(synthesis_workers=2, rate_limit="1/hour"))) as client:
        client.get("/v1/models")
        answer = client.get("/v1/models")
        require_error(answer, 429)
        assert "retry-after" in answer.headers
