"""Details in which answers follow OpenAI's schema, beyond the form of their fields."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.errors import MalformedVoice, UnsupportedLanguage
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from support.api.app_contexts import client_of, fake_served
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.stt import Transcript

HEARD = "It was late. Nobody came, and the lamp burned on."
HUM = encoded(np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1, "wav")
SILENCE = encoded(np.zeros(24_000, np.float32), "wav")


class OfUnknownLanguage(FakeTranscriber):
    """Detects no language in silence, as Whisper."""

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        return replace(super().transcribe(*args, **options), language="und", language_probability=0.0)


class Diarising(FakeTranscriber):
    """Distinguishes two speakers."""

    def transcribe(self, *args: Any, **options: Any) -> Transcript:
        transcript = super().transcribe(*args, **options)
        details = [replace(one, speaker="AB"[place % 2]) for place, one in enumerate(transcript.details)]
        return replace(transcript, details=tuple(details))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def post(client: TestClient, file: bytes = HUM, path: str = "/v1/audio/transcriptions", **fields: Any) -> Any:
    return client.post(path, files={"file": ("hum.wav", file)}, data={"model": "fake"} | fields)


def events_of(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def test_a_stream_counts_tokens(client: TestClient) -> None:
    """OpenAI's last event counts tokens: those of the audio, of the prompt, and of the text."""
    usage = events_of(post(client, stream="true", prompt="Names: Ada, Bob."))[-1]["usage"]
    assert usage == {
        "type": "tokens",
        "input_tokens": 13,
        "input_token_details": {"audio_tokens": 10, "text_tokens": 3},
        "output_tokens": 10,
        "total_tokens": 23,
    }


def test_segments_begin_with_their_space(client: TestClient) -> None:
    """Clients join the segments' texts, as Whisper's own program does: the result is the text."""
    segments = post(client, response_format="verbose_json").json()["segments"]
    assert [segment["text"] for segment in segments] == [" It was late.", " Nobody came, and the lamp burned on."]


@pytest.mark.parametrize("text", ["「遅かった。」 誰も来なかった。", "遅かった。"])
def test_segments_of_a_script_without_spaces_begin_with_none(text: str) -> None:
    """Where words are not spaced, the first segment has no space."""
    with client_of(fake_served(transcriber=FakeTranscriber(text))) as client:
        verbose = post(client, response_format="verbose_json").json()
    assert "".join(segment["text"] for segment in verbose["segments"]) == verbose["text"]


def test_segments_of_speakers_are_events_of_the_stream() -> None:
    """With diarized_json and stream, each segment is an event, before the last one."""
    served = fake_served(transcriber=Diarising())
    models = {name: replace(model, tells_speakers_apart=True) for name, model in served.catalogue.transcription.items()}
    served = replace(served, catalogue=replace(served.catalogue, transcription=models))
    with client_of(served) as client:
        events = events_of(post(client, stream="true", response_format="diarized_json"))
    segments = [event for event in events if event["type"] == "transcript.text.segment"]
    assert [(segment["speaker"], segment["text"]) for segment in segments] == [
        ("A", "It was late."),
        ("B", "Nobody came, and the lamp burned on."),
    ]
    assert events[-1]["type"] == "transcript.text.done"


@pytest.mark.parametrize("granularity", ["timestamp_granularities[]", "timestamp_granularities"])
@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt"])
def test_the_default_granularity_suits_every_format(client: TestClient, granularity: str, response_format: str) -> None:
    """``segment`` is the schema's default: clients that send every default send it with json."""
    fields: dict[str, Any] = {granularity: ["segment"], "response_format": response_format}
    assert post(client, **fields).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/audio/transcriptions", {}),
        ("/v1/audio/translations", {}),
    ],
)
def test_silence_is_in_a_language_that_clients_know(path: str, fields: dict[str, str]) -> None:
    """OpenAI answers ``english`` for silence; ``und`` is no language's name."""
    with client_of(fake_served(transcriber=OfUnknownLanguage())) as client:
        verbose = post(client, SILENCE, path, response_format="verbose_json", **fields).json()
    assert (verbose["text"], verbose["language"]) == ("", "english")


BOUNDARY = "form-boundary"


@pytest.mark.parametrize(
    "head",
    [
        "form-data; name=\"file\"; filename*=UTF-8''%C3%A9t%C3%A9.wav",
        "form-data; name=\"file\"; filename*=UTF-8''my talk.wav",
        "form-data; name=\"file\"; filename*=ISO-8859-1''%E9t%E9.wav",
        "form-data; name=\"file\"; filename*=no-such-charset''talk.wav",
        'form-data; name="file"; filename*=talk.wav',
        'form-data; name="file"; filename=""',
        'form-data; name="file"',
        'form-data; name="file"\r\nContent-Type: audio/wav',
        'form-data; filename="talk.wav"',
        'form-data; name=""; filename="talk.wav"',
    ],
)
def test_a_recording_is_one_however_it_is_named(client: TestClient, head: str) -> None:
    """A file without a name, with an extended name only, or without a field is the recording."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\nfake\r\n'.encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n".encode() + HUM + b"\r\n",
        f"--{BOUNDARY}--\r\n".encode(),
    ]
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = client.post("/v1/audio/transcriptions", content=b"".join(parts), headers=headers)
    assert (answer.status_code, answer.json().get("text")) == (200, HEARD)


class OfBlends(FakeSpeechEngine):
    """Refuses every name as a blend that cannot be read."""

    def language_of(self, voice: str) -> str:
        raise MalformedVoice(f"The blend {voice} cannot be read")


@pytest.mark.parametrize("voice", ["no_such_voice", "", "x" * 5000, {"id": "no_such_voice"}, {"id": ""}, {}, None, 7])
@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/speech/captions"])
def test_every_error_of_a_voice_names_the_voice(client: TestClient, path: str, voice: Any) -> None:
    """``param`` is the field, whatever is wrong with the voice."""
    answer = client.post(path, json={"model": "fake", "input": "Hello.", "voice": voice})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice")


def test_a_blend_that_cannot_be_read_is_an_error_of_the_voice() -> None:
    """Blends have errors of their own."""
    with client_of(fake_served(speech=OfBlends())) as client:
        answer = client.post("/v1/audio/speech", json={"model": "fake", "input": "Hello.", "voice": "af_x:1:2"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice")


def test_a_valid_key_in_another_header_is_enough() -> None:
    """SDKs send a Bearer key even where the application configured ``X-API-Key``, or Azure's ``api-key``."""
    made = new_key("web", [Scope.SPEECH])
    with client_of(fake_served(settings=Settings(synthesis_workers=2, api_keys=(made.entry,)))) as client:
        for name in ("x-api-key", "api-key", "X-Api-Key"):
            headers = {"authorization": "Bearer sk-dummy", name: made.key}
            assert client.get("/v1/models", headers=headers).status_code == 200
        refused = client.get("/v1/models", headers={"authorization": "Bearer sk-dummy", "x-api-key": "sk-other"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


def test_numbers_that_are_null_have_their_defaults(client: TestClient) -> None:
    """Clients in typed languages send every optional field, with null for those that are not set."""
    nulls = dict.fromkeys(("response_format", "speed", "instructions", "stream_format", "language", "directives"))
    answer = client.post("/v1/audio/speech", json={"model": "fake", "input": "Hello.", "voice": "fake_en"} | nulls)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")


class RefusesLanguages(FakeTranscriber):
    """A cloud that does not know the language that the local model knows."""

    def transcribe(self, *_args: Any, **_options: Any) -> Transcript:
        raise UnsupportedLanguage("OpenAI refuses this: the language.")


def test_a_language_that_only_the_local_model_knows_is_transcribed() -> None:
    """OpenAI's refusal is a reason for the next engine, and is counted; if no engine knows it, it is a mistake."""
    with client_of(fake_served(cloud_transcriber=RefusesLanguages())) as client:
        answer = post(client, model="whisper-1", language="fr")
        assert (answer.status_code, answer.headers["x-sayso-engine"]) == (200, "fake")
        refused = post(client, model="whisper-1", language="tlh")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "language")
        counted = client.get("/metrics").text
    assert 'sayso_fallbacks_total{engine="openai",reason="unsupported_language"} 2.0' in counted
