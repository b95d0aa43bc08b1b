"""By what names the server is called, and what pages of other origins may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sayso.api.app import create_app
from sayso.api.auth.keys import Scope, new_key
from sayso.api.http.origins import TrustedHosts, parse_host, parse_origin
from sayso.settings import Settings
from support.api.app_contexts import client_of, fake_served, process_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "http://localhost:8000"
SPEECH = {"model": "fake", "input": "It is late.", "voice": "fake_en"}


@pytest.fixture(scope="module")
def keyless() -> Iterator[TestClient]:
    """A server without keys that listens on this machine, as its own page reaches it."""
    with TestClient(
        create_app(process_of(fake_served()), hosts=("localhost", "speech.example.com")), base_url=OURS
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LOCALHOST:8000", 200),
        ("localhost.", 200),
        ("Localhost.:8000", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:8000", 200),
        ("127.0.0.2", 200),
        ("[::1]", 200),
        ("[::1]:8000", 200),
        ("[0:0:0:0:0:0:0:1]:8000", 200),
        ("speech.example.com", 200),
        ("SPEECH.example.com:443", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("evil.example:8000", 400),
        ("localhost:8000:evil.example", 400),
        ("localhost@evil.example", 400),
        ("[::1]evil.example", 400),
        ("[::1", 400),
        ("[evil.example]", 400),
        ("localhost..", 400),
        ("", 400),
        (":8000", 400),
    ],
)
def test_a_server_answers_to_its_own_names_only(keyless: TestClient, host: str, status: int) -> None:
    """In whatever form they are written; any other name is refused in the envelope."""
    answer = keyless.get("/live", headers={"host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] == "unknown_host"


@given(st.text(max_size=40))
def test_a_host_is_read_or_refused(text: str) -> None:
    """Whatever stands in the header; what is read is read the same again."""
    found = parse_host(text)
    assert found is None or parse_host(f"[{found[0]}]" if ":" in found[0] else found[0]) == (found[0], None)


@pytest.mark.parametrize(
    ("version", "headers", "passes"),
    [
        ("1.0", [], True),
        ("1.1", [], False),
        ("1.0", [(b"host", b"evil.example")], False),
        ("1.0", [(b"host", b"")], False),
    ],
)
async def test_a_health_check_of_a_load_balancer_names_no_host(
    version: str, headers: list[tuple[bytes, bytes]], passes: bool
) -> None:
    """HTTP/1.0 without Host, which no browser sends, is answered; a foreign name is refused in any version."""
    reached: list[str] = []
    answers: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        reached.append(scope["path"])

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "http_version": version, "method": "GET", "path": "/live", "headers": headers}
    await TrustedHosts(app, hosts=["localhost"])(scope, None, send)  # type: ignore[arg-type]
    assert (reached == ["/live"]) == passes
    assert passes or answers[0]["status"] == 400


def test_other_protocols_have_no_host_to_check() -> None:
    """The application's own beginning and end are passed on."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        seen.append(scope["type"])

    coroutine = TrustedHosts(app, hosts=())({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert seen == ["lifespan"]


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "https://localhost:8000"},
    {"origin": "http://localhost"},
    {"origin": "http://localhost:8001"},
    {"origin": "http://127.0.0.1:8000"},
    {"origin": "null"},
    {"origin": "file://"},
    {"origin": "chrome-extension://abcdef"},
    {"origin": "http://localhost:8000@evil.example"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "Cross-Site"},
    {"sec-fetch-site": "cross-site, same-origin"},
    {"sec-fetch-site": "unheard-of"},
    {"sec-fetch-site": "cross-site", "origin": OURS},
    {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
    {"sec-fetch-site": "none", "origin": "null"},
]


class Unread:
    """A body that must not be read."""

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/audio/speech"),
        ("POST", "/v1/audio/transcriptions"),
        ("POST", "/v1/narrations"),
        ("POST", "/api/v1/hybrid/stt"),
        ("DELETE", "/v1/narrations/n"),
        ("POST", "/nowhere"),
    ],
)
def test_a_foreign_page_is_refused(keyless: TestClient, headers: dict[str, str], method: str, path: str) -> None:
    """Without keys, whatever it asks for that is not merely read is 403 in the envelope, before its body is read."""

    answer = keyless.request(method, path, headers=headers, content=Unread() if method == "POST" else None)
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "message": answer.json()["error"]["message"],
        "type": "invalid_request_error",
        "param": None,
        "code": "foreign_origin",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": OURS},
        {"origin": "HTTP://LOCALHOST:8000"},
        {"origin": OURS, "sec-fetch-site": "same-origin"},
        {"origin": "https://localhost:8000", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_our_own_page_and_other_programs_are_served(keyless: TestClient, headers: dict[str, str]) -> None:
    """Our page is, also behind a proxy that ends TLS, and so is what comes from no page."""
    assert keyless.post("/v1/audio/speech", json=SPEECH, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_may_read_what_everybody_may(keyless: TestClient, headers: dict[str, str]) -> None:
    """Links lead here from other pages, and browsers keep from those what is answered."""
    answer = keyless.get("/v1/models", headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("allowed", "origin", "status"),
    [
        ("https://app.example", "https://app.example", 200),
        ("https://app.example", "https://app.example:443", 200),
        ("https://app.example", "http://app.example", 403),
        ("https://app.example", "https://app.example.evil.example", 403),
        ("https://app.example", "null", 403),
        ("*", "https://anywhere.example", 200),
    ],
)
def test_an_allowed_page_is_served(allowed: str, origin: str, status: int) -> None:
    """The origins of SAYSO_CORS_ORIGINS may ask, although their browsers say that they are others."""
    with client_of(fake_served(settings=Settings(cors_origins=(allowed,)))) as client:
        headers = {"origin": origin, "sec-fetch-site": "cross-site"}
        assert client.post("/v1/audio/speech", json=SPEECH, headers=headers).status_code == status


def test_the_address_that_others_reach_is_ours() -> None:
    """Behind a proxy, the page's origin is that of PUBLIC_BASE_URL and not that of the Host header."""
    settings = Settings(public_base_url="https://speech.example.com/sayso/")
    with client_of(fake_served(settings=settings)) as client:
        for origin, status in (("https://speech.example.com", 200), ("https://speech.example.com:8443", 403)):
            assert client.post("/v1/audio/speech", json=SPEECH, headers={"origin": origin}).status_code == status


def test_with_keys_the_key_decides() -> None:
    """A browser attaches no key by itself, so a page that shows one was given it; one that shows none is 401."""
    key = new_key("page", [Scope.SPEECH])
    with client_of(fake_served(settings=Settings(api_keys=(key.entry,)))) as client:
        headers = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        answer = client.post("/v1/audio/speech", json=SPEECH, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "set-cookie" not in answer.headers
        headers["authorization"] = f"Bearer {key.key}"
        assert client.post("/v1/audio/speech", json=SPEECH, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Speech.example.com/path", ("https", "speech.example.com", 443)),
        ("http://[::1]:8000", ("http", "::1", 8000)),
        ("http://127.0.0.1", ("http", "127.0.0.1", 80)),
        ("null", None),
        ("ws://localhost", None),
        ("//localhost", None),
        ("http://", None),
        ("http://[", None),
    ],
)
def test_origins_are_compared_as_browsers_do(text: str, origin: tuple[str, str, int] | None) -> None:
    """By scheme, host and port, the scheme's own port where none is written."""
    assert parse_origin(text) == origin
