"""Traces."""

from __future__ import annotations

import http.server
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from sayso.errors import NotInstalled
from sayso.observability import TraceRequests, configure_traces, span
from sayso.observability.traces import trace_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan


@pytest.fixture
def finished() -> Iterator[Callable[[], dict[str, ReadableSpan]]]:
    """The spans, once tracing has ended."""
    exporter = InMemorySpanExporter()
    end = trace_to(exporter)

    def spans() -> dict[str, ReadableSpan]:
        end()
        return {made.name: made for made in exporter.get_finished_spans()}

    yield spans
    end()


async def request(app: Any, *, route: str | None = "/models/{model}", headers: Any = ()) -> None:
    async def traced(scope: Any, receive: Any, send: Any) -> None:
        if route is not None:
            scope["route"] = SimpleNamespace(path=route)
        await app(scope, receive, send)

    async def nothing(*_: Any) -> Any: ...

    scope = {"type": "http", "method": "GET", "path": "/models/secret", "query_string": b"k=secret", "headers": headers}
    await TraceRequests(traced)(scope, nothing, nothing)


def answering(status: int) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        with span("work", engine="kokoro"):
            await send({"type": "http.response.start", "status": status, "headers": []})

    return app


async def test_without_an_endpoint_a_span_is_nothing() -> None:
    """Blocks run, errors pass, and requests are answered."""
    configure_traces(None)()
    with span("work", engine="kokoro"):
        pass
    with pytest.raises(ValueError, match="a bug"), span("work"):
        raise ValueError("a bug")
    await request(answering(200))


def test_an_endpoint_without_the_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(NotInstalled, match="otel"):
        configure_traces("http://localhost:4318")


async def test_a_request_is_a_span_around_its_work(finished: Callable[[], dict[str, ReadableSpan]]) -> None:
    """Named by its route's template; neither path nor query is told."""
    await request(answering(200))
    spans = finished()
    served, work = spans["GET /models/{model}"], spans["work"]
    assert served.kind is SpanKind.SERVER
    assert work.parent is not None
    assert served.context is not None
    assert work.parent.span_id == served.context.span_id
    assert dict(work.attributes or {}) == {"engine": "kokoro"}
    assert dict(served.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/models/{model}",
    }


async def test_the_clients_trace_is_continued(finished: Callable[[], dict[str, ReadableSpan]]) -> None:
    """As W3C's traceparent says."""
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    await request(answering(200), headers=[(b"traceparent", f"00-{trace}-{parent}-01".encode())])
    served = finished()["GET /models/{model}"]
    assert served.context is not None
    assert served.parent is not None
    assert f"{served.context.trace_id:032x}" == trace
    assert f"{served.parent.span_id:016x}" == parent


async def test_a_malformed_traceparent_begins_a_trace(finished: Callable[[], dict[str, ReadableSpan]]) -> None:
    """Whatever the client sent."""
    await request(answering(200), route=None, headers=[(b"traceparent", b"\xff-nonsense")])
    assert finished()["GET"].parent is None


async def test_failures_are_marked(finished: Callable[[], dict[str, ReadableSpan]]) -> None:
    """An answer of the 5xx, and an error that leaves a block; a caller's mistake is none."""
    await request(answering(503), route="/failing")
    await request(answering(404), route="/missing")
    with pytest.raises(ValueError, match="a bug"), span("broken"):
        raise ValueError("a bug")
    spans = finished()
    assert spans["GET /failing"].status.status_code is StatusCode.ERROR
    assert spans["GET /missing"].status.status_code is StatusCode.UNSET
    assert spans["broken"].status.status_code is StatusCode.ERROR


def test_spans_are_sent_to_the_endpoint() -> None:
    """By OTLP over HTTP, below the address that was given; ending the traces sends what is pending."""
    received: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        end = configure_traces(f"http://127.0.0.1:{server.server_port}/")
        with span("work"):
            pass
        end()
        server.shutdown()
        thread.join()
    assert [path for path, _ in received] == ["/v1/traces"]
