"""Other names of models, the lists of models and voices, and HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.schemas.model_aliases import model_named
from support.api.app_contexts import client_of
from support.api.clients import served_to_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

OURS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "whisper-1", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize")
MODELS = frozenset({*OURS, "kokoro", "whisper-base", "whisper-tiny.en", "gpt-transcribe", "hybrid"})


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(served_to_clients()) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("whisper-base", "whisper-base"),
        ("Systran/faster-whisper-base", "whisper-base"),
        ("Systran/faster-whisper-tiny.en", "whisper-tiny.en"),
        ("openai/whisper-base", "whisper-base"),
        ("openai/whisper-1", "whisper-1"),
        ("base", "whisper-base"),
        ("faster-whisper-base", "whisper-base"),
        ("tts-1-1106", "tts-1"),
        ("tts-1-hd-1106", "tts-1-hd"),
        ("gpt-4o-mini-tts-2025-12-15", "gpt-4o-mini-tts"),
        ("gpt-4o-transcribe-2025-03-20", "gpt-4o-transcribe"),
        ("gpt-4o-transcribe-diarize-2025-10-15", "gpt-4o-transcribe-diarize"),
        ("openai/tts-1-1106", "tts-1"),
        ("TTS-1", "tts-1"),
        ("hexgrad/Kokoro-82M", "kokoro"),
        ("speaches-ai/Kokoro-82M-v1.0-ONNX-int8", "kokoro"),
        ("kokoro-v1", "kokoro"),
        ("Systran/faster-whisper-large-v3", None),
        ("Systran/faster-distil-whisper-large-v3", None),
        ("large-v3", None),
        ("whisper-2", None),
        ("gpt-4o", None),
        ("tts-1-turbo", None),
        ("evil/whisper-base", None),
        ("", None),
        ("openai/" * 10_000 + "tts-1", None),
        ("tts-" + "1" * 100_000 + "-1106", None),
    ],
)
def test_a_name_stands_for_a_model(name: str, model: str | None) -> None:
    """Of a hub, of another server, or with a date; never for a model of another size."""
    assert model_named(name, MODELS) == model


@pytest.mark.parametrize("name", ["Systran/faster-whisper-base", "tts-1-1106", "hexgrad/Kokoro-82M", "kokoro"])
def test_a_model_is_found_by_its_other_names(client: TestClient, name: str) -> None:
    """The answer has the name that was asked for; the list has each model once."""
    found = client.get(f"/v1/models/{name}").json()
    assert (found["id"], found["object"]) == (name, "model")
    assert {model["id"] for model in client.get("/v1/models").json()["data"]} >= {"kokoro", "whisper-base"}
    assert client.get("/v1/models/no/such-model").json()["error"]["code"] == "model_not_found"


def test_the_models_for_speech_are_listed(client: TestClient) -> None:
    """As Open WebUI and speaches ask for them."""
    models = client.get("/v1/audio/models").json()
    names = [model["id"] for model in models["models"]]
    assert "kokoro" in names
    assert "whisper-base" not in names
    assert set(models["models"][0]) == {"id", "object", "created", "owned_by", "tasks"}


def test_voices_are_names_alone_for_older_clients(client: TestClient) -> None:
    """``legacy=true`` is the form before voices had properties."""
    voices = client.get("/v1/audio/voices").json()["voices"]
    assert client.get("/v1/audio/voices?legacy=true").json()["voices"] == [voice["id"] for voice in voices]


def paths(client: TestClient) -> list[str]:
    application: Any = client.app
    return [
        route.path
        for route in application.routes
        if "GET" in (getattr(route, "methods", None) or ()) and "{" not in route.path
    ]


def test_head_is_get_without_the_body(client: TestClient) -> None:
    """On every path that answers GET: the same status and type, and no body."""
    for path in paths(client):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.get("content-type") == got.headers.get("content-type"), path


def test_head_of_one_model_and_of_nothing(client: TestClient) -> None:
    """Paths with names too; a path that only takes POST has no HEAD."""
    assert client.head("/v1/models/kokoro").status_code == 200
    assert client.head("/v1/models/none").status_code == 404
    assert client.head("/v1/audio/speech").status_code == 405
    assert client.head("/nowhere").status_code == 404


@pytest.mark.parametrize(
    "prefix", ["/openai/deployments/tts-1", "/openai/v1", "/openai/deployments/hexgrad/Kokoro-82M"]
)
def test_azures_paths_are_served(client: TestClient, prefix: str) -> None:
    """The deployment is in the path, and the model in the body."""
    body = {"model": "tts-1", "input": "Hello.", "voice": "alloy"}
    answer = client.post(f"{prefix}/audio/speech?api-version=2025-04-01-preview", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert client.get(f"{prefix}/models").status_code == 200
    assert client.get(f"{prefix}/files").status_code == 404
