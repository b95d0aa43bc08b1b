"""What a server says of itself when something is wrong: nothing that is of use to its operator alone."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from sayso.api.auth.keys import Scope, new_key
from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing, NotInstalled, OutputFailed, SaysoError
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine, FakeTranscriber, InMemoryNarrationStore
from support.api.app_contexts import client_of, fake_served
from support.narrations.service import fake_narrations
from support.openai_server.conformance import silent_samples, wav

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.stt import Transcript
    from sayso.types import Speech

INSIDE = re.compile(
    rf"{re.escape(tempfile.gettempdir())}|sayso-\w+-|site-packages|Errno|\bsys\.|Traceback|\bsayso\.\w|\w\.py\b"
    r"|set_int_max|pydantic|errors\.|0x[0-9a-f]{6,}|/home/|/root/|/opt/"
)
"""What names a file, a library or a setting of the server's own machine."""

DIGITS = "9" * 5000
SPEECH: dict[str, Any] = {"model": "fake", "input": "It is late.", "voice": "fake_en"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    settings = Settings(synthesis_workers=2, kokoro_voice="fake_en")
    served = replace(fake_served(settings=settings), narrations=fake_narrations(InMemoryNarrationStore()))
    with client_of(served) as client:
        yield client


def plain(answer: Any) -> str:
    """The text of an answer, which says nothing of the inside."""
    found = INSIDE.search(answer.text)
    assert found is None, answer.text
    return str(answer.text)


BODIES = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"[]",
    b"null",
    b'{"input": "\xed\xa0\x80"}',
    b'{"input": "\\ud800"}',
    b'{"speed": NaN}',
    b'{"speed": 1e999}',
    b'{"speed": ' + DIGITS.encode() + b"}",
    b'{"speed": ' + b"[" * 2000,
    b'{"voice": {"id": ' + DIGITS.encode() + b"}}",
    b"\xef\xbb\xbf{}",
]
FIELDS: list[Any] = [
    "",
    "\x00",
    "9",
    "-1",
    "1e999",
    "nan",
    DIGITS,
    "{",
    "[]",
    '{"type": ' + DIGITS + "}",
    "\u202e",
    "🙂",
]
FORMS = (
    (
        "/v1/audio/transcriptions",
        "file",
        ("model", "language", "temperature", "stream", "chunking_strategy", "include"),
    ),
    ("/v1/audio/translations", "file", ("model", "prompt", "response_format", "temperature")),
    ("/api/v1/hybrid/stt", "audio_file", ("language", "return_debug", "audio_url")),
    ("/api/v1/hybrid/translate", "audio_file", ("target_language", "source_language")),
    ("/v1/narrations", "file", ("text", "url", "voice", "speed", "markdown", "audio", "callback_url", "name")),
)
SOUND = wav(silent_samples(1.0))


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/speech/captions", "/v1/spoken", "/v1/narrations"])
def test_bad_json_is_told_in_plain_words(client: TestClient, path: str) -> None:
    """Whatever is wrong with a body, its refusal names nothing of Python or of the server."""
    for body in BODIES:
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, body[:40]
        plain(answer)
    for field in ("model", "input", "voice", "speed", "response_format", "language", "text", "url", "callback_url"):
        for value in (*FIELDS, None, 10**4000, -1.5, [], {}, {"id": "x"}, True):
            if field != "input" or DIGITS not in str(value):  # they are spoken, for an hour
                plain(client.post(path, json=SPEECH | {field: value}))


@pytest.mark.parametrize(("path", "file", "fields"), FORMS)
def test_bad_forms_are_told_in_plain_words(client: TestClient, path: str, file: str, fields: tuple[str, ...]) -> None:
    """So are fields of forms."""
    for field in fields:
        for value in FIELDS:
            data = {"model": "fake"} if "audio/" in path else {}
            plain(client.post(path, data=data | {field: value}, files={file: ("a.wav", SOUND)}))
    for kind in (b"multipart/form-data", b"multipart/form-data; boundary=x", b"text/plain", "\u00ff".encode()):
        plain(client.post(path, content=b"--x\r\n\xff", headers={b"content-type": kind}))


@pytest.mark.parametrize(("path", "file", "fields"), FORMS[:4])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not audio",
        b"\x00" * 5000,
        SOUND[:44],
        SOUND[:30],
        b"ID3" + b"\xff" * 500,
        b"#EXTM3U\nfile:///etc/passwd\n",
    ],
    ids=["empty", "text", "zeros", "no samples", "cut", "tag", "playlist"],
)
def test_a_file_is_called_by_its_owners_name(
    client: TestClient, path: str, file: str, fields: tuple[str, ...], content: bytes
) -> None:
    """What is no audio is refused under the name that the client gave it, and not under the one it lies under."""
    data = {"target_language": "en"} if "translate" in fields or "target_language" in fields else {}
    data |= {"model": "fake"} if "audio/" in path else {}
    answer = client.post(path, data=data, files={file: ("Evening at sea.wav", content)})
    assert answer.status_code == 400, answer.text
    assert "Evening at sea.wav" in plain(answer) or answer.json()["error"]["code"] == "audio_too_short"


def test_a_stream_calls_a_file_by_its_owners_name(client: TestClient) -> None:
    """Before the first event, where nothing can be said, and whatever the name is."""
    for name, said in (("sea.mp3", "sea.mp3"), ("\u202esea.mp3", "sea.mp3"), ("n" * 300 + ".mp3", "n" * 80)):
        form = {"model": "fake", "stream": "true"}
        answer = client.post("/v1/audio/transcriptions", data=form, files={"file": (name, b"not audio")})
        assert answer.status_code == 400
        assert said in plain(answer)
        assert "n" * 81 not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("PUT", "/v1/audio/speech"),
        ("GET", "/v1/models/" + "x" * 3000),
        ("GET", "/v1/models/%00%ff"),
        ("GET", "/files/../../etc/passwd"),
        ("GET", "/files/%2e%2e/%2e%2e/etc?expires=" + DIGITS),
        ("GET", "/page/%2e%2e%2f%2e%2e%2fpolicy.py"),
        ("GET", "/page/../policy.txt"),
        ("GET", "/v1/narrations?limit=" + DIGITS),
        ("GET", "/v1/narrations?limit=nan&after=%00&status=odd"),
        ("GET", "/v1/narrations/%00"),
        ("GET", "/v1/narrations/" + "9" * 300 + "/events"),
        ("DELETE", "/v1/narrations/..%2f.."),
        ("GET", "/backlog"),
        ("GET", "/health"),
        ("GET", "/healthz"),
    ],
)
def test_odd_addresses_are_told_in_plain_words(client: TestClient, method: str, path: str) -> None:
    """Whatever is asked for."""
    plain(client.request(method, path))


ERRORS = [
    EngineFailed("onnxruntime failed on /opt/models/kokoro.onnx: [Errno 5] at 0x7f0123456789"),
    ModelMissing("Cannot read /root/.cache/sayso/models/x: No such file", hint="Fetch it: sayso models pull"),
    ModelCorrupt("onnxruntime does not load /root/x.onnx: Traceback", hint="See /root/x"),
    NotInstalled("site-packages has no piper"),
    OutputFailed("Cannot write /tmp/sayso-upload-1: No space left on device."),
    ValueError("site-packages/sayso/tts/synthesis.py"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("model", ["fake", "hybrid"])
def test_what_is_the_servers_fault_stays_with_it(error: Exception, model: str) -> None:
    """An engine's own words are for the log: callers are told what kind of failure it is."""

    class Broken(FakeSpeechEngine):
        def synthesise(self, *_: Any, **__: Any) -> Speech:
            raise error

    class Deaf(FakeTranscriber):
        def transcribe(self, *_: Any, **__: Any) -> Transcript:
            raise error

    served = fake_served(speech=Broken(), cloud_speech=Broken(), transcriber=Deaf(), cloud_transcriber=Deaf())
    # Captured: structlog would render tracebacks with all local variables.
    with capture_logs() as logs, client_of(served) as client:
        for fields in ({}, {"stream_format": "sse"}):
            answer = client.post("/v1/audio/speech", json=SPEECH | {"model": model} | fields)
            assert answer.status_code >= 500
            assert isinstance(error, SaysoError) or "server_error" in answer.text
            plain(answer)
        answer = client.post("/v1/audio/transcriptions", data={"model": model}, files={"file": ("a.wav", SOUND)})
        assert answer.status_code >= 500
        plain(answer)
    assert any(str(error).partition("\n")[0] in str(log) or "exc_info" in log for log in logs)


def test_refusals_of_keys_are_plain() -> None:
    """Those who may not ask are told no more than that."""
    key = new_key("web", [Scope.SPEECH])
    with client_of(fake_served(settings=Settings(api_keys=(key.entry,)))) as client:
        for headers in ({}, {"authorization": "Bearer \u00ff"}, {"authorization": f"Bearer {key.key}"}):
            raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
            plain(client.post("/v1/narrations", headers=raw))
