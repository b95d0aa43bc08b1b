"""Whatever a client sends, the answer is its mistake or a result: never a 5xx, never another shape of error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

SPEECH = {"model": "fake", "input": "It is late.", "voice": "fake_en"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def assert_callers(answer: Any) -> None:
    """A 4xx in the envelope, and not 422 nor 403."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.status_code not in {403, 422}
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "fields",
    [
        {"speed": 0},
        {"speed": -1},
        {"speed": 1e308},
        {"speed": [1]},
        {"voice": ""},
        {"voice": None},
        {"voice": 7},
        {"voice": {"id": ""}},
        {"voice": {"id": ["alloy"]}},
        {"voice": "../../etc/passwd"},
        {"voice": "fake_en+"},
        {"voice": "fake_en(nan)"},
        {"input": None},
        {"input": 7},
        {"input": "\x00"},
        {"input": "\u200b‌"},
        {"input": "—"},
        {"model": None},
        {"model": "../fake"},
        {"response_format": "mp3; rm"},
        {"response_format": ""},
        {"instructions": 7},
        {"language": "xx"},
        {"language": "../"},
    ],
    ids=str,
)
def test_odd_fields_are_the_callers_mistake(client: TestClient, fields: dict[str, Any]) -> None:
    """A field that makes no sense is a 4xx in OpenAI's envelope."""
    assert_callers(client.post("/v1/audio/speech", json=SPEECH | fields))


@pytest.mark.parametrize(
    "text",
    ["🙂 Hello 🙂", "a" * 5000, "A\r\nB\rC\n\nD", "Ω≈ç√ it is", "<speak>It &amp; is</speak>", "1e999 and -0 and 007"],
    ids=lambda text: text[:12],
)
def test_odd_texts_are_spoken(client: TestClient, text: str) -> None:
    """Text with something to say in it is spoken, whatever else is in it."""
    assert client.post("/v1/audio/speech", json=SPEECH | {"input": text}).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "text/plain", ""],
)
def test_odd_forms_are_the_callers_mistake(client: TestClient, content_type: str) -> None:
    """A body that is no form is a 4xx in OpenAI's envelope."""
    headers = {"content-type": content_type}
    assert_callers(client.post("/v1/audio/transcriptions", content=b"--x\r\n\r\n--x--", headers=headers))


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": "nan"},
        {"temperature": "hot"},
        {"language": "🙂"},
        {"stream": "perhaps"},
        {"chunking_strategy": "{"},
        {"chunking_strategy": "[]"},
        {"chunking_strategy": '{"type": "server_vad", "threshold": "loud"}'},
        {"response_format": "verbose"},
        {"unheard_of": "1"},
    ],
    ids=str,
)
def test_odd_form_fields_are_the_callers_mistake(
    client: TestClient, recording_of_noise: bytes, fields: dict[str, str]
) -> None:
    """A form's field that makes no sense is a 4xx in OpenAI's envelope."""
    data = {"model": "fake"} | fields
    assert_callers(client.post("/v1/audio/transcriptions", data=data, files={"file": recording_of_noise}))


@pytest.mark.parametrize(
    "fields",
    [
        *({"response_format": name} for name in ("json", "text", "srt", "vtt", "verbose_json")),
        {"response_format": "verbose_json", "timestamp_granularities[]": "word"},
        {"stream": "true"},
    ],
    ids=str,
)
def test_silence_is_200(client: TestClient, silent_recording: bytes, fields: dict[str, str]) -> None:
    """Silence is no failure, whatever is asked about it."""
    answer = client.post("/v1/audio/transcriptions", data={"model": "fake"} | fields, files={"file": silent_recording})
    assert answer.status_code == 200, answer.text
