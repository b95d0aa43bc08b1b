"""What is counted and measured."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from sayso.observability import Metrics
from sayso.observability.process import usage
from sayso.resilience import BreakerState
from sayso.scheduling import Load, Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping

LOAD = Load(slots=64, taken=3, permits=2, computing=2, waiting=1, retry_after_seconds=1.0)


def busy() -> Metrics:
    """One of everything."""
    metrics = Metrics(load=lambda: LOAD, breakers=lambda: {"openai": BreakerState.OPEN, "kokoro": BreakerState.CLOSED})
    metrics.observe_request(
        route="/v1/audio/speech", method="POST", status=200, seconds=0.2, received_bytes=10, sent_bytes=100
    )
    metrics.observe_wait(0.02)
    metrics.first_audio("kokoro", 0.3)
    metrics.synthesised("kokoro", audio_seconds=10.0, elapsed_seconds=3.0)
    metrics.transcribed("whisper-base", audio_seconds=60.0, elapsed_seconds=6.0)
    metrics.fallback("openai", "timeout")
    metrics.cache_lookup(hit=True)
    metrics.cache_lookup(hit=False)
    return metrics


def value(metrics: Metrics, name: str, labels: Mapping[str, str] | None = None) -> float | None:
    return metrics.registry.get_sample_value(name, dict(labels or {}))


def test_everything_that_happens_is_counted() -> None:
    """Under names with units, by the labels that operators ask for."""
    metrics = busy()
    assert value(metrics, "sayso_queue_wait_seconds_count") == 1
    assert value(metrics, "sayso_time_to_first_audio_seconds_sum", {"engine": "kokoro"}) == 0.3
    assert value(metrics, "sayso_audio_made_seconds_total", {"engine": "kokoro"}) == 10
    assert value(metrics, "sayso_audio_received_seconds_total", {"engine": "whisper-base"}) == 60
    assert value(metrics, "sayso_real_time_factor_ratio_sum", {"task": "speech", "engine": "kokoro"}) == 0.3
    transcribed = {"task": "transcription", "engine": "whisper-base"}
    assert value(metrics, "sayso_real_time_factor_ratio_sum", transcribed) == 0.1
    assert value(metrics, "sayso_fallbacks_total", {"engine": "openai", "reason": "timeout"}) == 1
    assert value(metrics, "sayso_speech_cache_requests_total", {"result": "hit"}) == 1
    assert value(metrics, "sayso_speech_cache_requests_total", {"result": "miss"}) == 1


def test_the_queue_is_read_when_it_is_asked_for() -> None:
    """Places and turns are those of the moment."""
    scheduler = Scheduler(permits=2, slots=5)
    metrics = Metrics(load=lambda: scheduler.load)
    slot = scheduler.admit("web")
    with slot.permit():
        assert value(metrics, "sayso_queue_places") == 5
        assert value(metrics, "sayso_queue_places_taken") == 1
        assert value(metrics, "sayso_queue_computing") == 1
    slot.close()
    assert value(metrics, "sayso_queue_places_taken") == 0


def test_nothing_is_asked_before_somebody_reads() -> None:
    """The scheduler may be made after the metrics that it reports to."""
    asked: list[str] = []

    def load() -> Load:
        asked.append("load")
        return LOAD

    metrics = Metrics(load=load)
    assert asked == []
    metrics.render_text()
    assert asked == ["load"]


def test_each_breaker_is_in_exactly_one_state() -> None:
    """So that an alert can name it."""
    metrics = busy()
    states = {
        state: value(metrics, "sayso_breaker_state", {"engine": "openai", "state": state}) for state in BreakerState
    }
    assert states == {BreakerState.CLOSED: 0, BreakerState.OPEN: 1, BreakerState.HALF_OPEN: 0}


def test_nothing_of_no_length_has_a_real_time_factor() -> None:
    """Silence that was made of nothing does not divide by zero."""
    metrics = Metrics()
    metrics.synthesised("kokoro", audio_seconds=0.0, elapsed_seconds=1.0)
    assert value(metrics, "sayso_real_time_factor_ratio_count", {"task": "speech", "engine": "kokoro"}) is None


def test_two_services_do_not_add_up() -> None:
    """Each has a registry of its own."""
    busy()
    assert value(Metrics(), "sayso_queue_wait_seconds_count") == 0


def test_the_text_is_prometheuss() -> None:
    """Its own parser reads it, and every metric of ours has a help text and a name of its kind."""
    families = {family.name: family for family in text_string_to_metric_families(busy().render_text().decode())}
    ours = [family for name, family in families.items() if name.startswith("sayso_")]
    assert len(ours) >= 18
    assert all(family.documentation for family in ours)
    assert all(re.fullmatch(r"sayso_[a-z_]+", family.name) for family in ours)
    assert "python_gc_objects_collected" in families


def test_the_json_has_what_dashboards_read() -> None:
    """The keys of the service that this one replaces, and every metric, nested; all of it valid JSON."""

    def refuse(name: str) -> Any:
        raise AssertionError(name)

    told = json.loads(json.dumps(busy().render_json(health_status="ok")), parse_constant=refuse)
    assert {"timestamp", "uptime", "memory", "cpu", "processCount", "healthStatus", "metrics"} <= told.keys()
    assert told["timestamp"].endswith("Z")
    assert told["healthStatus"] == "ok"
    assert told["memory"]["rss"] > 0
    assert told["processCount"] >= 1
    assert told["metrics"]["sayso_queue_places"] == 64
    assert told["metrics"]["sayso_fallbacks"] == [
        {"name": "sayso_fallbacks_total", "labels": {"engine": "openai", "reason": "timeout"}, "value": 1.0}
    ]


def test_what_the_process_uses_is_known() -> None:
    """Memory, processor time and processors are there on every system."""
    used = usage()
    assert used.resident_bytes > 0
    assert 10**6 < used.peak_resident_bytes < 10**12
    assert used.user_seconds > 0
    assert used.processors >= 1
