"""What every request passes on its way to a route and back."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
import structlog
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import Response, StreamingResponse
from starlette.testclient import TestClient
from structlog.testing import CapturingLogger

from sayso.api.http.middleware import (
    ANSWER_HEADERS,
    AccessLog,
    AnswerHeaders,
    RequestIds,
    SecurityHeaders,
    UnhandledErrors,
)
from sayso.observability import Metrics
from sayso.web.policy import PAGE_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Every log message, with what is bound to its context."""
    entries: list[dict[str, Any]] = []

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        entries.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, keep],
        logger_factory=lambda *_: CapturingLogger(),
    )
    yield entries
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def client(metrics: Metrics) -> Iterator[TestClient]:
    app = FastAPI()

    @app.get("/models/{model}")
    async def model(model: str, request: Request) -> dict[str, str]:  # noqa: ARG001 -- they make the route's template
        structlog.contextvars.bind_contextvars(client="web")
        await anyio.to_thread.run_sync(lambda: structlog.get_logger().info("on a thread"))
        return {"model": model}

    @app.get("/limited")
    async def limited(request: Request) -> None:
        request.scope[ANSWER_HEADERS] = {"x-ratelimit-limit-requests": "5"}
        raise HTTPException(429)

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), headers={"content-security-policy": "default-src 'none'"})

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("a bug with details")

    @app.get("/breaks-off")
    async def breaks_off() -> StreamingResponse:
        async def chunks() -> Any:
            yield b"part"
            raise ValueError("a bug with details")

        return StreamingResponse(chunks())

    app.add_middleware(UnhandledErrors)
    app.add_middleware(AnswerHeaders)
    app.add_middleware(SecurityHeaders, policies={"/health": "default-src 'self' data:"})
    app.add_middleware(AccessLog, metrics=metrics)
    app.add_middleware(RequestIds)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_request_without_an_id_is_given_one(client: TestClient, logged: list[dict[str, Any]]) -> None:
    """A new one each time; it is in the answer and in every log message, on other threads too."""
    answers = [client.get("/models/kokoro") for _ in range(2)]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert ids[0] != ids[1]
    assert [entry["request_id"] for entry in logged] == [ids[0], ids[0], ids[1], ids[1]]
    assert [entry["event"] for entry in logged] == ["on a thread", "request"] * 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1.2_3", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False), ("a\u00e9", False)],
)
def test_a_sane_id_is_kept(given: str, kept: bool, client: TestClient) -> None:
    """And any other is replaced: what a client sends goes into logs and headers."""
    answer = client.get("/health", headers={b"x-request-id": given.encode("latin-1")})
    assert (answer.headers["x-request-id"] == given) is kept


def test_an_access_is_one_line(client: TestClient, logged: list[dict[str, Any]]) -> None:
    """With the route's template, whoever asked, and sizes; neither the path nor the query is in it."""
    client.get("/models/a-secret-id?api_key=secret")
    entry = logged[-1]
    assert entry["event"] == "request"
    assert (entry["method"], entry["route"], entry["status"], entry["client"]) == ("GET", "/models/{model}", 200, "web")
    assert entry["sent_bytes"] == len('{"model":"a-secret-id"}')
    assert entry["duration_ms"] >= 0
    assert "secret" not in str(entry)


def test_probes_are_logged_quietly(client: TestClient, logged: list[dict[str, Any]]) -> None:
    """They ask every few seconds."""
    client.get("/health")
    assert [entry["level"] for entry in logged] == ["debug"]


def test_requests_are_counted_by_template(client: TestClient, metrics: Metrics) -> None:
    """However many paths and methods clients invent, there are few series."""
    for number in range(3):
        client.get(f"/models/{number}")
        client.get(f"/nowhere/{number}")
        client.request(f"ODD{number}", "/health")
    client.post("/echo", content=b"12345")
    value = metrics.registry.get_sample_value
    ok = {"route": "/models/{model}", "method": "GET", "status": "200"}
    assert value("sayso_http_requests_total", ok) == 3
    assert value("sayso_http_requests_total", {"route": "unmatched", "method": "GET", "status": "404"}) == 3
    assert value("sayso_http_requests_total", {"route": "/health", "method": "other", "status": "405"}) == 3
    assert value("sayso_http_received_bytes_total", {"route": "/echo"}) == 5
    assert value("sayso_http_sent_bytes_total", {"route": "/echo"}) == 5
    assert value("sayso_http_requests_in_flight", {}) == 0


def test_an_unhandled_error_is_answered_in_the_envelope(client: TestClient, logged: list[dict[str, Any]]) -> None:
    """And logged with its traceback; the answer tells nothing of it, and has its id and headers as any other."""
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["type"] == "server_error"
    assert "details" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    failure, access = logged
    assert failure["exc_info"]
    assert failure["request_id"] == access["request_id"] == answer.headers["x-request-id"]
    assert access["status"] == 500


async def test_an_error_after_the_answer_has_begun_cuts_it(metrics: Metrics, logged: list[dict[str, Any]]) -> None:
    """It reaches the server, which closes the connection, and no second answer is written."""
    sent: list[Any] = []

    async def breaks_off(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise ValueError("a bug")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    app = RequestIds(AccessLog(SecurityHeaders(UnhandledErrors(breaks_off)), metrics=metrics))
    with pytest.raises(ValueError, match="a bug"):
        await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (logged[-1]["broke_off"], logged[-1]["status"]) == (True, 200)


async def test_a_client_that_went_away_is_logged_as_such(metrics: Metrics, logged: list[dict[str, Any]]) -> None:
    """A route that is cancelled has no status, and counts as 499; it is not in flight any more."""

    async def never(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        raise asyncio.CancelledError

    async def nothing(*_: Any) -> Any: ...

    with pytest.raises(asyncio.CancelledError):
        await AccessLog(never, metrics=metrics)({"type": "http", "method": "GET", "path": "/"}, nothing, nothing)
    assert logged[-1]["status"] == 499
    assert metrics.registry.get_sample_value("sayso_http_requests_in_flight") == 0


async def test_a_route_sees_the_client_go_away(metrics: Metrics) -> None:
    """Nothing stands between it and the server's message."""
    seen: list[str] = []

    async def watching(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        seen.append((await receive())["type"])

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None: ...

    app = RequestIds(AccessLog(SecurityHeaders(UnhandledErrors(watching)), metrics=metrics))
    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert seen == ["http.disconnect"]


async def test_what_is_bound_to_one_request_is_not_in_another(logged: list[dict[str, Any]]) -> None:
    """Two requests that run at once keep their ids apart."""
    both = threading.Barrier(2)

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await anyio.to_thread.run_sync(both.wait)
        structlog.get_logger().info("inside", path=scope["path"])

    async def nothing(*_: Any) -> Any: ...

    def scope(name: str) -> Any:
        return {"type": "http", "method": "GET", "path": name, "headers": [(b"x-request-id", name.encode())]}

    wrapped = RequestIds(app)
    await asyncio.gather(*(wrapped(scope(name), nothing, nothing) for name in ("one", "two")))
    assert sorted((entry["path"], entry["request_id"]) for entry in logged) == [("one", "one"), ("two", "two")]


def test_browsers_are_told_what_a_page_may_do(client: TestClient) -> None:
    """The page's policy by default, a path's own where it is set, and an answer's own before both."""
    assert client.get("/models/a").headers["content-security-policy"] == PAGE_POLICY
    assert client.get("/health").headers["content-security-policy"] == "default-src 'self' data:"
    assert client.post("/echo").headers["content-security-policy"] == "default-src 'none'"
    assert "frame-ancestors 'none'" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY


def test_the_page_of_the_openapi_may_start_what_it_is_made_of() -> None:
    """FastAPI's own page gets a policy of its own, and nobody may frame it either."""
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    with TestClient(app) as client:
        policy = client.get("/docs").headers["content-security-policy"]
        assert client.get("/openapi.json").headers["content-security-policy"] == PAGE_POLICY
    assert "script-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_refusal_has_its_requests_headers(client: TestClient) -> None:
    """What a dependency has to say of a request is on its answer, whoever writes that."""
    answer = client.get("/limited")
    assert (answer.status_code, answer.headers["x-ratelimit-limit-requests"]) == (429, "5")
    assert "x-ratelimit-limit-requests" not in client.get("/health").headers
