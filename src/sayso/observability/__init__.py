"""Logs, metrics, traces and health of the service, for its operators."""

from sayso.observability.card_metrics import CardMetrics
from sayso.observability.health import EngineHealth, Health, Status, status_of
from sayso.observability.job_metrics import JobMetrics, QueueState
from sayso.observability.logs import configure_logs, redact
from sayso.observability.metrics import TEXT_MEDIA_TYPE, Metrics
from sayso.observability.sync_metrics import SyncMetrics
from sayso.observability.traces import TraceRequests, configure_traces, span

__all__ = [
    "TEXT_MEDIA_TYPE",
    "CardMetrics",
    "EngineHealth",
    "Health",
    "JobMetrics",
    "Metrics",
    "QueueState",
    "Status",
    "SyncMetrics",
    "TraceRequests",
    "configure_logs",
    "configure_traces",
    "redact",
    "span",
    "status_of",
]
