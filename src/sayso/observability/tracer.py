"""OpenTelemetry behind `sayso.observability.traces`; importing it needs the extra ``otel``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sayso import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    Attribute: TypeAlias = str | int | float | bool


class OpenTelemetryTracer:
    """Makes spans with its own provider, not the global one, which belongs to the embedding program."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "sayso", "service.version": __version__})
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("sayso", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, attributes: dict[str, Attribute], headers: dict[str, str] | None
    ) -> Iterator[OpenTelemetrySpan]:
        """A span around the block.

        Args:
            name: of the span.
            attributes: of the span.
            headers: of the request that the span is for, names in lower case; None for a span inside the current one.
        """
        with self._tracer.start_as_current_span(
            name,
            context=None if headers is None else self._propagator.extract(headers),
            kind=SpanKind.INTERNAL if headers is None else SpanKind.SERVER,
            attributes=attributes,
        ) as made:
            yield OpenTelemetrySpan(made)

    def shutdown(self) -> None:
        """Send pending spans."""
        self._provider.shutdown()


class OpenTelemetrySpan:
    """An open span."""

    def __init__(self, made: Span) -> None:
        self._made = made

    def set_attribute(self, key: str, value: Attribute) -> None:
        """Set an attribute of the span."""
        self._made.set_attribute(key, value)

    def update_name(self, name: str) -> None:
        """Change the span's name."""
        self._made.update_name(name)

    def record_failure(self) -> None:
        """Mark the span as failed."""
        self._made.set_status(StatusCode.ERROR)
