"""Hostile and careless requests of other servers' clients: each gets a clear answer, and none breaks the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import openai
import pytest

from support.api.app_contexts import client_of, running
from support.api.clients import served_to_clients
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

HUM = encoded(np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1, "wav")
SPEECH = {"model": "kokoro", "input": "It was late.", "voice": "af_heart"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(served_to_clients()) as client:
        yield client


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(served_to_clients()) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/audio/speech", {"volume_multiplier": 1e308}, "volume_multiplier"),
        ("/v1/audio/speech", {"volume_multiplier": "2"}, "volume_multiplier"),
        ("/v1/audio/speech", {"sample_rate": True}, "sample_rate"),
        ("/v1/audio/speech", {"sample_rate": "16000"}, "sample_rate"),
        ("/v1/audio/speech", {"sample_rate": 10**30}, "sample_rate"),
        ("/v1/audio/speech", {"stream": "false"}, "stream"),
        ("/v1/audio/speech", {"lang_code": "no language"}, "lang_code"),
        ("/v1/audio/speech", {"lang_code": 7}, "lang_code"),
        ("/v1/audio/speech", {"lang_code": ["a"]}, "lang_code"),
        ("/v1/audio/speech", {"language": {"a": "b"}}, "language"),
        ("/v1/audio/speech", {"model": ["kokoro"]}, "model"),
        ("/v1/audio/speech", {"model": "kokoro\x00"}, "model"),
        ("/v1/audio/speech", {"model": "systran/faster-whisper-" * 10_000}, "model"),
        ("/v1/audio/speech", {"stream[x]": True}, "stream[x]"),
        ("/v1/audio/speech", {"normalization_options": {"normalize": [[[[1]]]], "\r\nx": 1}}, "normalization_options"),
        ("/v1/audio/speech", {"voice": "af_bella(2)+" * 100}, "voice"),
        ("/v1/audio/speech", {"voice_aliases": {"me": "af_heart"}}, "voice_aliases"),
        ("/dev/captioned_speech", {"stream_format": "sse"}, "stream_format"),
        ("/dev/captioned_speech", {"return_timestamps": "no"}, "return_timestamps"),
    ],
)
def test_a_careless_body_is_named(client: TestClient, path: str, fields: dict[str, Any], param: str) -> None:
    """With the client's own name of the field."""
    answer = client.post(path, json={**SPEECH, **fields})
    assert answer.status_code in {400, 404}, answer.text
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/audio/transcriptions", {"translate": "maybe"}, "translate"),
        ("/v1/audio/transcriptions", {"task": "sing"}, "task"),
        ("/v1/audio/transcriptions", {"hotwords": "x" * 20_000}, "hotwords"),
        ("/v1/audio/transcriptions", {"context_bias": "x" * 20_000}, "context_bias"),
        ("/v1/audio/transcriptions", {"languages[]": ["en", "no language"]}, "languages"),
        ("/v1/audio/transcriptions", {"languages[]": ["tlh", "qya"]}, "language"),
        ("/v1/audio/transcriptions", {"vad_filter": "perhaps"}, "vad_filter"),
        ("/v1/audio/translations", {"stream": "perhaps"}, "stream"),
        ("/v1/audio/speech/timestamps", {"threshold": "nan"}, "threshold"),
        ("/v1/audio/speech/timestamps", {"threshold": "-1"}, "threshold"),
        ("/v1/audio/speech/timestamps", {"max_speech_duration_s": "0"}, "max_speech_duration_s"),
        ("/v1/audio/speech/timestamps", {"speech_pad_ms": "999999999999"}, "speech_pad_ms"),
        ("/v1/audio/speech/timestamps", {"model": "whisper"}, "model"),
    ],
)
def test_a_careless_form_is_named(client: TestClient, path: str, fields: dict[str, Any], param: str) -> None:
    """The same for forms."""
    own = {} if path.endswith("timestamps") else {"model": "whisper-base"}
    answer = client.post(path, files={"file": ("hum.wav", HUM)}, data={**own, **fields})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


def test_no_recording_and_no_audio_are_told(client: TestClient) -> None:
    """By the endpoint for voice activity too."""
    path = "/v1/audio/speech/timestamps"
    missing = client.post(path, files={"threshold": (None, "0.5")})
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "file")
    nothing = client.post(path, files={"file": ("a.wav", b"no sound")})
    assert nothing.json()["error"]["message"].startswith("Invalid file format.")
    silence = encoded(np.zeros(24_000, np.float32), "wav")
    assert client.post(path, files={"file": ("a.wav", silence)}).json() == []


def test_head_over_the_network(address: str) -> None:
    """The length is that of the body which is not sent, and the connection serves the next request."""
    with httpx2.Client(base_url=address) as client:
        for _ in range(3):
            head = client.head("/v1/models")
            got = client.get("/v1/models")
            assert head.status_code == got.status_code == 200
            assert head.headers["content-length"] == str(len(got.content))
            assert client.head("/v1/models/none").status_code == 404
            assert client.head("/openapi.json").status_code == 200


@pytest.mark.parametrize("model", ["tts-1", "hexgrad/Kokoro-82M"])
def test_azures_client_is_served(address: str, model: str) -> None:
    """OpenAI's own client for Azure, with its paths and its header, for each kind of request."""
    client = openai.AzureOpenAI(azure_endpoint=address, api_version="2025-04-01-preview", api_key="k", max_retries=0)
    with client:
        speech = client.audio.speech.create(model=model, voice="alloy", input="It was late.", response_format="wav")
        assert speech.content[:4] == b"RIFF"
        heard = client.audio.transcriptions.create(model="whisper-base", file=("hum.wav", HUM))
        assert heard.text
        assert [each.id for each in client.models.list()]


def test_azures_path_names_the_model(client: TestClient) -> None:
    """Clients of its REST API send no ``model``: the deployment is enough. The field, if it is sent, comes first."""
    unnamed = {name: value for name, value in SPEECH.items() if name != "model"}
    path = "/openai/deployments/{}/audio/{}?api-version=2024-10-21"
    assert client.post(path.format("tts-1", "speech"), json=unnamed).status_code == 200
    assert client.post(path.format("my-tts", "speech"), json=SPEECH).status_code == 200
    refused = client.post(path.format("my-tts", "speech"), json=unnamed)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
    for kind in ("transcriptions", "translations"):
        heard = client.post(path.format("whisper-1", kind), files={"file": ("hum.wav", HUM)})
        assert (heard.status_code, bool(heard.json().get("text"))) == (200, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp_granularities[0]": "word"},
        {"timestamp_granularities[0]": "segment", "timestamp_granularities[1]": "word"},
        {"timestamp_granularities[]": ["", "word"]},
    ],
)
def test_the_items_of_a_list_may_be_numbered_or_empty(client: TestClient, fields: dict[str, str]) -> None:
    """As PHP and JavaScript write them; an empty text asks for nothing."""
    asked = {"model": "whisper-1", "response_format": "verbose_json", **fields}
    heard = client.post("/v1/audio/transcriptions", data=asked, files={"file": ("hum.wav", HUM)})
    assert (heard.status_code, bool(heard.json().get("words"))) == (200, True)


@pytest.mark.parametrize("name", ["timestamp_granularities", "keywords[]", "languages[]", "include[0]"])
def test_an_empty_list_is_as_if_it_were_not_sent(client: TestClient, name: str) -> None:
    asked = {"model": "whisper-1", "response_format": "verbose_json", name: ""}
    heard = client.post("/v1/audio/transcriptions", data=asked, files={"file": ("hum.wav", HUM)})
    assert (heard.status_code, bool(heard.json().get("segments"))) == (200, True)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("stt", {"language": "auto"}),
        ("stt", {"language": "English"}),
        ("translate", {"target_language": "English", "source_language": "auto"}),
        ("translate", {"target_language": "en", "source_language": " french "}),
    ],
)
def test_languages_have_names_on_the_hybrid_paths_too(client: TestClient, path: str, fields: dict[str, str]) -> None:
    """As on OpenAI's paths."""
    heard = client.post(f"/api/v1/hybrid/{path}", data=fields, files={"audio_file": ("hum.wav", HUM)})
    assert heard.status_code == 200, heard.text


@pytest.mark.parametrize("voice", [None, 5, ["af_sky"], {"id": None}, {"name": "x"}])
def test_a_wrong_voice_is_named_as_the_client_names_it(client: TestClient, voice: Any) -> None:
    """Without the names of the types that were tried."""
    error = client.post("/v1/audio/speech", json=SPEECH | {"voice": voice}).json()["error"]
    assert (error["message"], error["param"]) == ("voice: Input should be a valid string", "voice")


@pytest.mark.parametrize(
    "path", ["/openai/deployments//audio/speech", "/openai/deployments/x/chat", "/openai/v1/../live", "/openai/v1/"]
)
def test_other_azure_paths_are_not_here(client: TestClient, path: str) -> None:
    """Nothing else is reached by them."""
    assert client.post(path, json=SPEECH).status_code in {404, 405}
