"""The metrics of jobs: outcomes, durations, and the state of each queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prometheus_client.metrics_core import Metric

_JOB_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600)


class QueueState(NamedTuple):
    """The latest known state of a queue; None for an age that it cannot tell."""

    waiting: int
    in_flight: int
    oldest_age_seconds: float | None


class JobMetrics:
    """All metrics of jobs; any thread may use it.

    Args:
        registry: the registry to which they are added.
        queues: returns the state of each queue, by its name.
    """

    def __init__(self, registry: CollectorRegistry, queues: Callable[[], Mapping[str, QueueState]]) -> None:
        self._ended = Counter(
            "sayso_jobs", "Attempts at jobs that have ended.", ("queue", "outcome"), registry=registry
        )
        self._seconds = Histogram(
            "sayso_job_duration_seconds",
            "From an attempt's beginning to its end.",
            ("queue",),
            buckets=_JOB_SECONDS,
            registry=registry,
        )
        self._removed = Counter("sayso_removed", "Expired entries that were removed.", ("kind",), registry=registry)
        registry.register(_Queues(queues))

    def removed(self, kind: str, count: int) -> None:
        """Count removed entries: ``narrations``, ``files``, ``jobs``, ``events`` or ``tasks``."""
        self._removed.labels(kind).inc(count)

    def ended(self, queue: str, outcome: str, seconds: float) -> None:
        """Count an attempt with this outcome and duration."""
        self._ended.labels(queue, outcome).inc()
        self._seconds.labels(queue).observe(seconds)


class _Queues(Collector):
    def __init__(self, queues: Callable[[], Mapping[str, QueueState]]) -> None:
        self._queues = queues

    def describe(self) -> Iterable[Metric]:
        """Nothing, because there may be no queue yet."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        waiting = GaugeMetricFamily("sayso_queue_jobs_waiting", "Jobs that wait.", labels=("queue",))
        in_flight = GaugeMetricFamily("sayso_queue_jobs_in_flight", "Jobs that are being processed.", labels=("queue",))
        age = GaugeMetricFamily(
            "sayso_queue_oldest_job_age_seconds", "The age of the oldest job, where known.", labels=("queue",)
        )
        for name, state in self._queues().items():
            waiting.add_metric((name,), state.waiting)
            in_flight.add_metric((name,), state.in_flight)
            if state.oldest_age_seconds is not None:
                age.add_metric((name,), state.oldest_age_seconds)
        yield from (waiting, in_flight, age)
