"""Traces by OpenTelemetry, which is an extra; without an endpoint, spans do nothing and cost nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sayso.errors import NotInstalled
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from opentelemetry.sdk.trace.export import SpanExporter

    from sayso.observability.tracer import Attribute

    Scope: TypeAlias = MutableMapping[str, Any]
    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_SERVER_ERROR = 500


class _Tracer(Protocol):
    """The parts of OpenTelemetry that this module uses, so that it can be imported without OpenTelemetry."""

    def span(
        self, name: str, attributes: dict[str, Attribute], headers: dict[str, str] | None
    ) -> AbstractContextManager[_Span]: ...


class _Span(Protocol):
    def set_attribute(self, key: str, value: Attribute) -> None: ...

    def update_name(self, name: str) -> None: ...

    def record_failure(self) -> None: ...


_tracer: _Tracer | None = None
"""The tracer of this process; set once at the start, before any thread uses it."""


def configure_traces(endpoint: str | None) -> Callable[[], None]:
    """Send spans to a collector; without an endpoint, do nothing.

    Args:
        endpoint: base address of a collector that accepts OTLP over HTTP, such as ``http://localhost:4318``; spans go
            to ``/v1/traces`` below it (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

    Returns:
        A function that stops tracing: it sends the pending spans and waits for that.

    Raises:
        NotInstalled: the extra is missing.
    """
    if endpoint is None:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise NotInstalled("Traces need OpenTelemetry, which is not installed", hint=install_hint("otel")) from None
    return trace_to(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))


def trace_to(exporter: SpanExporter) -> Callable[[], None]:
    """The same as `configure_traces`, with any exporter of OpenTelemetry."""
    from sayso.observability.tracer import OpenTelemetryTracer

    global _tracer  # noqa: PLW0603 -- a process has one, as it has one log
    tracer = OpenTelemetryTracer(exporter)
    _tracer = tracer

    def end() -> None:
        global _tracer  # noqa: PLW0603
        _tracer = None
        tracer.shutdown()

    return end


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """A span around the block, inside the current one; an error that leaves the block is recorded in it."""
    if _tracer is None:
        yield
        return
    with _tracer.span(name, attributes, None):
        yield


class TraceRequests:
    """A span for each request, pure ASGI; it continues the trace of the client's ``traceparent`` header.

    As in the access log, the span has the route's template, and neither path nor query.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if _tracer is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        with _tracer.span(method, {"http.request.method": method}, headers) as current:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    current.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _SERVER_ERROR:
                        current.record_failure()
                await send(message)

            try:
                await self._app(scope, receive, send_and_note)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    current.update_name(f"{method} {route}")
                    current.set_attribute("http.route", route)
