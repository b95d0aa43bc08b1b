"""The metrics of model sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from typing import Literal

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_BYTES = (2.0**10, 2.0**16, 2.0**20, 2.0**23, 2.0**26, 2.0**29, 2.0**32)
_RATES = (2.0**16, 2.0**20, 2.0**22, 2.0**24, 2.0**26, 2.0**28, 2.0**30)


class SyncMetrics:
    """All metrics of model sync; any thread may use it.

    Args:
        registry: the registry to which they are added.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "sayso_sync_messages", "Messages of the queue, by what came of them.", ("outcome",), registry=registry
        )
        self._delay_seconds = Histogram(
            "sayso_sync_queue_delay_seconds",
            "From a message's arrival in the queue to its receipt.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._message_seconds = Histogram(
            "sayso_sync_message_seconds", "How long messages were worked on.", buckets=_SECONDS, registry=registry
        )
        self._lag_seconds = Histogram(
            "sayso_sync_lag_seconds",
            "From a change in the bucket to the change on the volume.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._files = Counter(
            "sayso_sync_files", "Files that were changed on the volume, or not.", ("outcome",), registry=registry
        )
        self._received = Counter("sayso_sync_received_bytes", "Bytes received from the bucket.", registry=registry)
        self._verified = Counter(
            "sayso_sync_verified_bytes", "Bytes of fetched files that are equal to a checksum.", registry=registry
        )
        self._unverifiable = Counter(
            "sayso_sync_unverifiable_bytes", "Bytes of fetched files without a checksum.", registry=registry
        )
        self._file_bytes = Histogram(
            "sayso_sync_file_bytes", "Sizes of fetched files.", buckets=_BYTES, registry=registry
        )
        self._rate = Histogram(
            "sayso_sync_download_bytes_per_second",
            "The download speed of files.",
            buckets=_RATES,
            registry=registry,
        )
        self._refused = Gauge("sayso_sync_refused_keys", "Keys that cannot become files.", registry=registry)
        self._full_seconds = Histogram(
            "sayso_sync_full_seconds", "How long reconciliations took.", buckets=_SECONDS, registry=registry
        )
        self._last_success = Gauge(
            "sayso_sync_last_success_timestamp_seconds",
            "When the volume was last known to be equal to the bucket, as Unix time.",
            registry=registry,
        )

    def message(self, outcome: Literal["done", "failed"], *, delay_seconds: float, seconds: float) -> None:
        """Count a message of the queue."""
        self._messages.labels(outcome).inc()
        self._delay_seconds.observe(max(delay_seconds, 0.0))
        self._message_seconds.observe(seconds)

    def lag(self, seconds: float) -> None:
        """Record how long ago a change was made in the bucket that is on the volume now."""
        self._lag_seconds.observe(max(seconds, 0.0))

    def fetched(self, *, size_bytes: int, seconds: float, is_verified: bool) -> None:
        """Count a file that was fetched and published."""
        self._files.labels("fetched").inc()
        self._file_bytes.observe(size_bytes)
        if seconds > 0:
            self._rate.observe(size_bytes / seconds)
        (self._verified if is_verified else self._unverifiable).inc(size_bytes)

    def files(self, outcome: Literal["adopted", "deleted", "failed"], count: int) -> None:
        """Count other files."""
        self._files.labels(outcome).inc(count)

    def received(self, count: int) -> None:
        """Count bytes from the bucket."""
        self._received.inc(count)

    def reconciled(self, *, seconds: float, refused: int, succeeded_at: float | None) -> None:
        """Record a reconciliation.

        Args:
            seconds: how long it took.
            refused: how many keys cannot become files.
            succeeded_at: Unix time of its beginning; None if it had errors.
        """
        self._full_seconds.observe(seconds)
        self._refused.set(refused)
        if succeeded_at is not None:
            self._last_success.set(succeeded_at)
