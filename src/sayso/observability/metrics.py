"""The metrics of the service, for Prometheus and as JSON.

Each `Metrics` has its own registry, so that two services in one process do not add up.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sayso.observability.process import usage
from sayso.resilience import BreakerState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from sayso.scheduling import Load

TEXT_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of `Metrics.render_text`: https://prometheus.io/docs/instrumenting/exposition_formats/."""

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_WAIT_SECONDS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_FIRST_AUDIO_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
_REAL_TIME_FACTORS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 5)


class Metrics:
    """All metrics of the service; any thread may use it.

    Args:
        load: returns the scheduler's load; None while there is no scheduler.
        breakers: returns the state of each engine's breaker.
        shutdowns: returns the days until the retirement of each provider's model, for those that end soon.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        load: Callable[[], Load | None] = lambda: None,
        breakers: Callable[[], Mapping[str, BreakerState]] = dict,
        shutdowns: Callable[[], Mapping[tuple[str, str], int]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._began = clock()
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_State(load, breakers, shutdowns))
        self._count_requests()
        self._count_work()

    def _count_requests(self) -> None:
        by_answer = ("route", "method", "status")
        self._requests = self._counter("sayso_http_requests", "Completed requests.", by_answer)
        self._request_seconds = self._histogram(
            "sayso_http_request_duration_seconds",
            "From a request's arrival to the end of its response.",
            _REQUEST_SECONDS,
            ("route", "method"),
        )
        self._in_flight = Gauge("sayso_http_requests_in_flight", "Requests in flight.", registry=self.registry)
        self._received = self._counter("sayso_http_received_bytes", "Bytes of requests' bodies.", ("route",))
        self._sent = self._counter("sayso_http_sent_bytes", "Bytes of responses' bodies.", ("route",))

    def _count_work(self) -> None:
        self._wait_seconds = self._histogram(
            "sayso_queue_wait_seconds", "How long a task waited for a processor.", _WAIT_SECONDS
        )
        self._first_audio_seconds = self._histogram(
            "sayso_time_to_first_audio_seconds",
            "From a request's arrival to the first audio of its response.",
            _FIRST_AUDIO_SECONDS,
            ("engine",),
        )
        self._real_time_factor = self._histogram(
            "sayso_real_time_factor_ratio",
            "Seconds of work for each second of audio.",
            _REAL_TIME_FACTORS,
            ("task", "engine"),
        )
        self._fallbacks = self._counter(
            "sayso_fallbacks", "Failures of an engine after which another was tried.", ("engine", "reason")
        )
        self._cache = self._counter("sayso_speech_cache_requests", "Utterances looked up in the cache.", ("result",))
        self._model_reloads = self._counter(
            "sayso_model_reloads", "New models in an engine's directory, by what became of them.", ("engine", "result")
        )
        self._provider_tokens = self._counter(
            "sayso_provider_tokens", "Tokens that a provider bills for speech.", ("provider", "model", "kind")
        )
        self._audio_in = self._counter("sayso_audio_received_seconds", "Seconds of audio transcribed.", ("engine",))
        self._audio_out = self._counter("sayso_audio_made_seconds", "Seconds of audio synthesised.", ("engine",))

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count a request as in flight during the block."""
        with self._in_flight.track_inprogress():
            yield

    def observe_request(
        self, *, route: str, method: str, status: int, seconds: float, received_bytes: int, sent_bytes: int
    ) -> None:
        """Count a completed request.

        Args:
            route: the template of the route, never the path, so that there are few values.
            method: an HTTP method, or ``other``.
            status: of the response.
            seconds: from the arrival of the request to the end of its response.
            received_bytes: of the request's body.
            sent_bytes: of the response's body.
        """
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route, method).observe(seconds)
        self._received.labels(route).inc(received_bytes)
        self._sent.labels(route).inc(sent_bytes)

    def observe_wait(self, seconds: float) -> None:
        """Record how long a task waited for a compute permit."""
        self._wait_seconds.observe(seconds)

    def first_audio(self, engine: str, seconds: float) -> None:
        """Record the time to the first audio of a response."""
        self._first_audio_seconds.labels(engine).observe(seconds)

    def synthesised(self, engine: str, *, audio_seconds: float, elapsed_seconds: float) -> None:
        """Record audio that was synthesised, and the time that it took."""
        self._audio_out.labels(engine).inc(audio_seconds)
        self._observe_factor("speech", engine, audio_seconds, elapsed_seconds)

    def transcribed(self, engine: str, *, audio_seconds: float, elapsed_seconds: float) -> None:
        """Record audio that was transcribed, and the time that it took."""
        self._audio_in.labels(engine).inc(audio_seconds)
        self._observe_factor("transcription", engine, audio_seconds, elapsed_seconds)

    def fallback(self, engine: str, reason: str) -> None:
        """Count a failure of ``engine`` after which another engine was tried."""
        self._fallbacks.labels(engine, reason).inc()

    def provider_tokens(self, provider: str, model: str, received: int, made: int) -> None:
        """Count the tokens that a provider bills for speech from a realtime model.

        Args:
            provider: its name.
            model: the model's.
            received: input tokens.
            made: output tokens.
        """
        self._provider_tokens.labels(provider, model, "input").inc(received)
        self._provider_tokens.labels(provider, model, "output").inc(made)

    def model_reload(self, engine: str, result: str) -> None:
        """Count a new model in an engine's directory: ``loaded`` in place of the old one, or ``rejected``."""
        self._model_reloads.labels(engine, result).inc()

    def cache_lookup(self, *, hit: bool) -> None:
        """Count a lookup in the speech cache."""
        self._cache.labels("hit" if hit else "miss").inc()

    def render_text(self) -> bytes:
        """All metrics in Prometheus's text format, as `TEXT_MEDIA_TYPE`."""
        return generate_latest(self.registry)

    def render_json(self, *, health_status: str) -> dict[str, Any]:
        """All metrics as JSON; times in seconds, sizes in bytes.

        Args:
            health_status: the status that ``/health`` reports.
        """
        used = usage()
        uptime = self._clock() - self._began
        return {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "uptime": round(uptime, 3),
            "memory": {"rss": used.resident_bytes, "peakRss": used.peak_resident_bytes},
            "cpu": {"user": used.user_seconds, "system": used.system_seconds, "cores": used.processors},
            "processCount": used.processes,
            "healthStatus": health_status,
            "metrics": {family.name: _as_json(family) for family in self.registry.collect()},
        }

    def _observe_factor(self, task: str, engine: str, audio_seconds: float, elapsed_seconds: float) -> None:
        if audio_seconds > 0:
            self._real_time_factor.labels(task, engine).observe(elapsed_seconds / audio_seconds)

    def _counter(self, name: str, help_text: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def _histogram(
        self, name: str, help_text: str, buckets: tuple[float, ...], labels: Iterable[str] = ()
    ) -> Histogram:
        return Histogram(name, help_text, labels, buckets=buckets, registry=self.registry)


class _State(Collector):
    """Metrics that are computed when they are read: the scheduler's load, the breakers' states, the shutdowns."""

    def __init__(
        self,
        load: Callable[[], Load | None],
        breakers: Callable[[], Mapping[str, BreakerState]],
        shutdowns: Callable[[], Mapping[tuple[str, str], int]],
    ) -> None:
        self._load = load
        self._breakers = breakers
        self._shutdowns = shutdowns

    def describe(self) -> Iterable[Metric]:
        """Nothing; otherwise the registry would call `collect` at registration, before there is a scheduler."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        load = self._load()
        if load is not None:
            yield GaugeMetricFamily("sayso_queue_places", "Requests that may be in flight at once.", load.slots)
            yield GaugeMetricFamily("sayso_queue_places_taken", "Requests that are in flight.", load.taken)
            yield GaugeMetricFamily("sayso_queue_turns", "Tasks that may compute at once.", load.permits)
            yield GaugeMetricFamily("sayso_queue_computing", "Tasks that compute.", load.computing)
            yield GaugeMetricFamily("sayso_queue_waiting", "Tasks that wait for a compute permit.", load.waiting)
        family = GaugeMetricFamily(
            "sayso_breaker_state", "1 for the state that an engine's breaker is in.", labels=("engine", "state")
        )
        for engine, now in self._breakers().items():
            for state in BreakerState:
                family.add_metric((engine, state), float(state == now))
        yield family
        family = GaugeMetricFamily(
            "sayso_model_shutdown_days",
            "Days until a provider retires a model, for those that end within 60 days; 0 or less when it has.",
            labels=("provider", "model"),
        )
        for (provider, model), days in self._shutdowns().items():
            family.add_metric((provider, model), days)
        yield family


def _as_json(family: Metric) -> Any:
    """A number for a metric without labels; otherwise its samples."""
    samples = [
        {"name": sample.name, "labels": dict(sample.labels), "value": sample.value}
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]
    if len(samples) == 1 and not samples[0]["labels"]:
        return samples[0]["value"]
    return samples
