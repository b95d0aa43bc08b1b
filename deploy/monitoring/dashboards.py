"""Write the Grafana dashboards in deploy/monitoring/grafana: `make docs`. A test fails when they are stale.

A dashboard is a list of rows, and a row of panels of equal width. The data source is a variable, so that the files work
in any Grafana that has a Prometheus; `job` chooses the services.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_COLUMNS = 24
_HEIGHT = 8
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_JOB = 'job=~"$job"'


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A panel.

    Attributes:
        title: what it shows.
        queries: expressions of PromQL by the legend of their series.
        unit: of the values, by Grafana's name: short, s, bytes, Bps, percentunit, reqps …
        kind: of the panel: timeseries or stat.
        hint: what a reader must know, for the corner of the panel.
    """

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    hint: str = ""


Rows = dict[str, list[Panel]]


def rate(metric: str, by: str, labels: str = "") -> str:
    """The rate of a counter, summed by labels."""
    return f"sum by ({by}) (rate({metric}{{{_JOB}{labels}}}[$__rate_interval]))"


def share(metric: str, labels: str) -> str:
    """Which part of a counter's rate has these labels, by service."""
    return f"{rate(metric, 'job', f', {labels}')} / {rate(metric, 'job')}"


def quantile(part: float, metric: str, by: str = "") -> str:
    """A quantile of a histogram."""
    labels = f"{by}, le" if by else "le"
    buckets = f"sum by ({labels}) (rate({metric}_bucket{{{_JOB}}}[$__rate_interval]))"
    return f"histogram_quantile({part}, {buckets})"


def quantiles(metric: str) -> dict[str, str]:
    """The median and the slowest of twenty and of a hundred."""
    return {f"{part:.0%}": quantile(part, metric) for part in (0.5, 0.95, 0.99)}


def mean(metric: str, by: str = "job") -> str:
    """The mean of what a histogram or summary observed."""
    parts = [f"sum by ({by}) (rate({metric}_{part}{{{_JOB}}}[$__rate_interval]))" for part in ("sum", "count")]
    return " / ".join(parts)


def gauge(metric: str, by: str, how: str = "sum", labels: str = "") -> str:
    """A gauge over all processes."""
    return f"{how} by ({by}) ({metric}{{{_JOB}{labels}}})"


API: Rows = {
    "Requests": [
        Panel(
            title="Requests",
            queries={"{{route}} {{status}}": rate("sayso_http_requests_total", "route, status")},
            unit="reqps",
        ),
        Panel(
            title="Failures (5xx) and refusals (429)",
            queries={
                "5xx": share("sayso_http_requests_total", "status=~`5..`"),
                "429": share("sayso_http_requests_total", "status=`429`"),
            },
            unit="percentunit",
        ),
        Panel(title="Requests in flight", queries={"{{job}}": gauge("sayso_http_requests_in_flight", "job")}),
    ],
    "Times": [
        Panel(title="Duration of requests", queries=quantiles("sayso_http_request_duration_seconds"), unit="s"),
        Panel(
            title="Time to first audio, 95 %",
            queries={"{{engine}}": quantile(0.95, "sayso_time_to_first_audio_seconds", "engine")},
            unit="s",
        ),
        Panel(title="Waiting for a processor", queries=quantiles("sayso_queue_wait_seconds"), unit="s"),
    ],
    "Engines": [
        Panel(title="Fallbacks", queries={"{{engine}}: {{reason}}": rate("sayso_fallbacks_total", "engine, reason")}),
        Panel(
            title="Breakers",
            queries={"{{engine}} {{state}}": gauge("sayso_breaker_state", "engine, state", "max") + " == 1"},
            hint="The state that each engine's breaker is in.",
        ),
        Panel(
            title="Days until a model is retired",
            queries={"{{provider}} {{model}}": gauge("sayso_model_shutdown_days", "provider, model", "min")},
            hint="Of the providers' models that end within 60 days.",
        ),
        Panel(
            title="Tokens of spoken sentences",
            queries={"{{provider}} {{kind}}": rate("sayso_provider_tokens_total", "provider, kind")},
        ),
        Panel(
            title="New models found",
            queries={"{{engine}} {{result}}": rate("sayso_model_reloads_total", "engine, result")},
        ),
        Panel(
            title="Work for a second of audio",
            queries={"{{task}}: {{engine}}": mean("sayso_real_time_factor_ratio", "task, engine")},
            unit="s",
        ),
    ],
    "Load": [
        Panel(
            title="Places",
            queries={
                "taken": gauge("sayso_queue_places_taken", "job"),
                "all": gauge("sayso_queue_places", "job"),
            },
        ),
        Panel(
            title="Tasks",
            queries={
                "computing": gauge("sayso_queue_computing", "job"),
                "waiting": gauge("sayso_queue_waiting", "job"),
                "at once": gauge("sayso_queue_turns", "job"),
            },
        ),
        Panel(
            title="Speech cache: share of hits",
            queries={
                "hits": share("sayso_speech_cache_requests_total", "result=`hit`"),
            },
            unit="percentunit",
        ),
    ],
    "Volume": [
        Panel(
            title="Audio synthesised per second",
            queries={"{{engine}}": rate("sayso_audio_made_seconds_total", "engine")},
            unit="s",
        ),
        Panel(
            title="Audio transcribed per second",
            queries={"{{engine}}": rate("sayso_audio_received_seconds_total", "engine")},
            unit="s",
        ),
        Panel(
            title="Bytes",
            queries={
                "received": rate("sayso_http_received_bytes_total", "job"),
                "sent": rate("sayso_http_sent_bytes_total", "job"),
            },
            unit="Bps",
        ),
    ],
}

JOBS: Rows = {
    "Queues": [
        Panel(title="Waiting", queries={"{{queue}}": gauge("sayso_queue_jobs_waiting", "queue", "max")}),
        Panel(title="In hand", queries={"{{queue}}": gauge("sayso_queue_jobs_in_flight", "queue", "max")}),
        Panel(
            title="Age of the oldest",
            queries={"{{queue}}": gauge("sayso_queue_oldest_job_age_seconds", "queue", "max")},
            unit="s",
        ),
    ],
    "Jobs": [
        Panel(
            title="Attempts that ended",
            queries={"{{queue}} {{outcome}}": rate("sayso_jobs_total", "queue, outcome")},
            hint="put_aside: dead-lettered. handed_back: released when a worker stops. lost: its lease had ended.",
        ),
        Panel(
            title="Duration of attempts, 95 %",
            queries={"{{queue}}": quantile(0.95, "sayso_job_duration_seconds", "queue")},
            unit="s",
        ),
        Panel(title="Expired entries removed", queries={"{{kind}}": rate("sayso_removed_total", "kind")}),
    ],
    "Cards": [
        Panel(title="Phrases", queries={"{{engine}} {{outcome}}": rate("sayso_card_phrases_total", "engine, outcome")}),
        Panel(
            title="Characters bought within a day",
            queries={"{{engine}}": f"sum by (engine) (increase(sayso_card_characters_total{{{_JOB}}}[1d]))"},
        ),
    ],
}

SYNC: Rows = {
    "State": [
        Panel(
            title="Since the volume was equal to the bucket",
            queries={"{{job}}": f"time() - {gauge('sayso_sync_last_success_timestamp_seconds', 'job', 'max')}"},
            unit="s",
            kind="stat",
        ),
        Panel(
            title="Keys that cannot become files",
            queries={"{{job}}": gauge("sayso_sync_refused_keys", "job", "max")},
            kind="stat",
        ),
        Panel(title="Duration of reconciliations", queries={"mean": mean("sayso_sync_full_seconds")}, unit="s"),
    ],
    "Events": [
        Panel(title="Messages", queries={"{{outcome}}": rate("sayso_sync_messages_total", "outcome")}),
        Panel(title="From the bucket to the volume", queries=quantiles("sayso_sync_lag_seconds"), unit="s"),
        Panel(
            title="In the queue, and in hand, 95 %",
            queries={
                "in the queue": quantile(0.95, "sayso_sync_queue_delay_seconds"),
                "in hand": quantile(0.95, "sayso_sync_message_seconds"),
            },
            unit="s",
        ),
    ],
    "Files": [
        Panel(title="Files", queries={"{{outcome}}": rate("sayso_sync_files_total", "outcome")}),
        Panel(
            title="Bytes",
            queries={
                "received": rate("sayso_sync_received_bytes_total", "job"),
                "verified": rate("sayso_sync_verified_bytes_total", "job"),
                "without a checksum": rate("sayso_sync_unverifiable_bytes_total", "job"),
            },
            unit="Bps",
        ),
        Panel(
            title="Speed of downloads, median",
            queries={"{{job}}": quantile(0.5, "sayso_sync_download_bytes_per_second", "job")},
            unit="Bps",
        ),
        Panel(title="Size of files, mean", queries={"{{job}}": mean("sayso_sync_file_bytes")}, unit="bytes"),
    ],
}

PROCESSES: Rows = {
    "Processes": [
        Panel(title="Up", queries={"{{job}} {{instance}}": f"up{{{_JOB}}}"}, kind="stat"),
        Panel(
            title="Processors used",
            queries={"{{job}} {{instance}}": rate("process_cpu_seconds_total", "job, instance")},
        ),
        Panel(
            title="Memory",
            queries={"{{job}} {{instance}}": gauge("process_resident_memory_bytes", "job, instance")},
            unit="bytes",
        ),
    ],
    "Limits": [
        Panel(
            title="Open files, share of the limit",
            queries={"{{job}} {{instance}}": f"process_open_fds{{{_JOB}}} / process_max_fds{{{_JOB}}}"},
            unit="percentunit",
        ),
        Panel(
            title="Time since the start",
            queries={"{{job}} {{instance}}": f"time() - process_start_time_seconds{{{_JOB}}}"},
            unit="s",
        ),
        Panel(
            title="Garbage collections",
            queries={"{{job}} {{generation}}": rate("python_gc_collections_total", "job, generation")},
        ),
    ],
}

DASHBOARDS = {
    "sayso-api": ("Sayso: the API and its engines", API),
    "sayso-jobs": ("Sayso: stories, narrations and cards", JOBS),
    "sayso-sync": ("Sayso: model sync", SYNC),
    "sayso-processes": ("Sayso: processes", PROCESSES),
}


def pages() -> dict[str, str]:
    """Each dashboard by its file, below this directory."""
    return {
        f"grafana/{uid}.json": json.dumps(_dashboard(uid, title, rows), indent=1, ensure_ascii=False) + "\n"
        for uid, (title, rows) in DASHBOARDS.items()
    }


def _dashboard(uid: str, title: str, rows: Rows) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["sayso"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source_variable(), _job_variable()]},
        "annotations": {"list": []},
        "links": [
            {
                "type": "dashboards",
                "title": "Sayso",
                "tags": ["sayso"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "panels": _panels(rows),
    }


def _source_variable() -> dict[str, Any]:
    return {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}


def _job_variable() -> dict[str, Any]:
    query = 'label_values(up{application="sayso"}, job)'
    return {
        "name": "job",
        "label": "Service",
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "services"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(rows: Rows) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in rows.items():
        position = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": position,
                "panels": [],
            }
        )
        width = _COLUMNS // len(row)
        for index, panel in enumerate(row):
            position = {"x": index * width, "y": top + 1, "w": width, "h": _HEIGHT}
            panels.append({"id": len(panels) + 1, "gridPos": position, **_panel(panel)})
        top += 1 + _HEIGHT
    return panels


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.hint,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": expression.replace("`", '"'),
                "legendFormat": legend,
            }
            for number, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    },
}


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content)
