"""The role ``sync``: opens its bucket, its volume and its queues from the settings."""

from __future__ import annotations

import asyncio
import binascii
import time
from base64 import b64decode
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from sayso.api.app import sync_api
from sayso.api.context import SyncContext
from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.bootstrap.process import Service
from sayso.bootstrap.storages import open_aws
from sayso.cancellation import cancel_until_done
from sayso.errors import InvalidInput
from sayso.modelsync.keys import KeyRules
from sayso.modelsync.notifications.outbox import OutboxSender, SqsChannel, TouchFileChannel, WebhookChannel
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.plan.selection import SelectionRules
from sayso.modelsync.reconciliation.opened import SyncOptions
from sayso.modelsync.service.consumer import EventHandler
from sayso.modelsync.service.counts import MessageCounts
from sayso.modelsync.service.service import ModelSync
from sayso.modelsync.transfers.values import TransferOptions
from sayso.modelsync.volume.file_modes import FileModes
from sayso.observability import SyncMetrics
from sayso.workers import Consumer, Policy, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sayso.bootstrap.process import Process
    from sayso.modelsync.notifications.outbox import Channel
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.reconcile import Reconciled
    from sayso.settings import SyncSettings
    from sayso.workers import Outcome

_log = structlog.get_logger(__name__)

SYNC_QUEUE = "sync"
"""The name of the queue, for people and metrics."""

_EVENTS_AT_ONCE = 100
"""So many events are acted upon together."""

_STANDBY_POLL_SECONDS = 0.5
_LAST_POLL_SECONDS = 0.5
"""How long a stop waits for a poll of SQS; a message that comes later to it is with the next process after a lease."""
_SECRET_PREFIX = "whsec_"  # noqa: S105 -- the prefix of secrets


def open_sync(process: Process, settings: SyncSettings) -> Service:
    """The parts of the role.

    Raises:
        InvalidInput: a setting is missing or cannot be used.
    """
    if settings.sync_queue_url is None:
        raise InvalidInput(
            "SQS_UPDATE_QUEUE_URL is not set.",
            hint="It is the queue with the bucket's events; `sayso sync full` needs none.",
        )
    opener = SyncOpener(process, settings)
    process.closing.callback(opener.close)
    workers = process.worker_service("sync", opener.consumers, settings)

    def trouble() -> str | None:
        return opener.sync.state.trouble or workers.trouble() or opener.notification_trouble

    context = SyncContext(service=opener.sync, close=opener.close, trouble=trouble, counts=opener.counts)
    return Service(workers=workers, http=sync_api(context), facts=opener.facts, is_ready=lambda: _is_ready(opener.sync))


def sync_options(settings: SyncSettings) -> SyncOptions:
    """How the bucket is synchronised.

    Raises:
        InvalidInput: a setting cannot be used.
    """
    suffixes = () if "*" in settings.sync_suffixes else tuple(each.lower() for each in settings.sync_suffixes)
    rules = PlanRules(
        keys=KeyRules(suffixes=suffixes, root_bytes=len(str(settings.sync_base_path).encode())),
        max_delete_ratio=settings.sync_max_delete_ratio,
        atomic_prefixes=tuple(f"{prefix.strip('/')}/" for prefix in settings.sync_atomic_prefixes if prefix.strip("/")),
        quiet_seconds=settings.sync_quiet_seconds,
    )
    transfers = TransferOptions(
        connections=settings.sync_connections,
        bytes_per_second=settings.sync_rate_bytes,
        reserve_bytes=settings.sync_reserve_bytes,
        is_etag_md5=settings.sync_etags_are_md5,
    )
    modes = FileModes(file=int(settings.sync_file_mode, 8), directory=int(settings.sync_directory_mode, 8))
    receivers = (settings.sync_notification_queue_url, settings.sync_webhook_url, settings.sync_touch_file)
    return SyncOptions(
        base_path=settings.sync_base_path,
        prefix=settings.sync_prefix,
        rules=rules,
        transfers=transfers,
        modes=modes,
        grace_seconds=settings.sync_grace_seconds,
        quarantine_seconds=settings.sync_quarantine_seconds,
        kept_versions=settings.sync_kept_versions,
        selection=SelectionRules(
            max_age_days=_days_by_category(settings.sync_keep_days), budget_bytes=settings.sync_budget_bytes
        ),
        is_announced=any(receiver is not None for receiver in receivers),
    )


def open_reader(settings: SyncSettings) -> BucketReader:
    """The reader of the bucket, which nothing has been asked of yet.

    Raises:
        InvalidInput: the bucket is not set, or a setting cannot be used.
        NotInstalled: the extra ``aws`` is missing.
    """
    if settings.sync_bucket is None:
        raise InvalidInput("S3_BUCKET_NAME is not set.", hint="It is the bucket whose models are synchronised.")
    access = AwsAccess.of(settings)
    return BucketReader(locate_bucket(settings.sync_bucket, access, is_anonymous=settings.sync_anonymous))


def open_channels(settings: SyncSettings) -> list[Channel]:
    """The receivers of notifications that need no client of AWS.

    Raises:
        InvalidInput: the secret of the webhook cannot be read.
    """
    channels: list[Channel] = []
    if settings.sync_webhook_url is not None:
        channels.append(WebhookChannel(settings.sync_webhook_url, _webhook_keys(settings)))
    if settings.sync_touch_file is not None:
        channels.append(TouchFileChannel(settings.sync_touch_file))
    return channels


class SyncOpener:
    """Opens the parts of model sync.

    Args:
        process: has the metrics.
        settings: of the role.

    Raises:
        InvalidInput: a setting cannot be used.
    """

    def __init__(self, process: Process, settings: SyncSettings) -> None:
        self._process = process
        self._settings = settings
        self._metrics = SyncMetrics(process.metrics.registry)
        self.counts = MessageCounts()
        self._closing = ExitStack()
        self._sender: OutboxSender | None = None
        options = sync_options(settings)
        reader = self._closing.enter_context(open_reader(settings))
        _webhook_keys(settings)
        self.sync = ModelSync(
            options,
            reader,
            interval_seconds=settings.sync_interval_seconds,
            on_ready=self._wake,
            on_execution=self._on_execution,
            on_reconciled=self._on_reconciled,
        )

    def close(self) -> None:
        """End the service, and close what it uses; blocks."""
        self.sync.stop()
        if not self.sync.join(self._settings.shutdown_seconds):
            _log.warning("the synchronisation did not end in time")
        self._closing.close()

    @property
    def notification_trouble(self) -> str | None:
        """Why notifications are not sent, in a sentence; None while they are."""
        sender = self._sender
        trouble = None if sender is None else sender.trouble
        return None if trouble is None else f"Notifications wait: {trouble}"

    def facts(self) -> dict[str, object]:
        """Entries of /health, where other roles share the process."""
        state = self.sync.state
        return {"sync": {"status": state.status, "trouble": state.trouble, "bucket": self._settings.sync_bucket}}

    @asynccontextmanager
    async def consumers(self) -> AsyncIterator[Sequence[Consumer]]:
        """The queue, its worker and the sender of notifications, for as long as the block."""
        from sayso.jobs.sqs import SqsQueue

        settings = self._settings
        if settings.sync_queue_url is None or settings.sync_bucket is None:
            raise AssertionError("the settings are checked")
        async with AsyncExitStack() as stack:
            aws = await open_aws(settings, stack)
            sqs = await aws.client("sqs")
            queue = SqsQueue(
                sqs,
                settings.sync_queue_url,
                dlq_url=settings.sync_dlq_url,
                settings=("SQS_UPDATE_QUEUE_URL", "SAYSO_SYNC_DLQ_URL"),
                cancelled_seconds=_LAST_POLL_SECONDS,
            )
            stack.push_async_callback(queue.close)
            channels = open_channels(settings)
            if settings.sync_notification_queue_url is not None:
                channels.insert(0, SqsChannel(sqs, settings.sync_notification_queue_url))
            if channels:
                self._sender = OutboxSender(lambda: self.sync.journal, channels)
                stack.push_async_callback(cancel_until_done, asyncio.create_task(self._sender.run()))
            handler = EventHandler(
                self.sync,
                bucket=settings.sync_bucket,
                prefix=settings.sync_prefix,
                on_message=self._on_message,
                on_lag=self._metrics.lag,
            )
            policy = Policy(
                at_once=_EVENTS_AT_ONCE,
                max_attempts=settings.sync_max_attempts,
                job_seconds=settings.sync_event_seconds,
            )

            async def prepare() -> None:
                while self.sync.journal is None:  # another replica has the volume, and takes the events
                    worker.last_contact = time.monotonic()
                    await asyncio.sleep(_STANDBY_POLL_SECONDS)
                await queue.check(max_attempts=settings.sync_max_attempts)

            worker = Worker(queue, handler, policy, on_end=self._on_end, prepare=prepare)
            yield [Consumer(name=SYNC_QUEUE, queue=queue, worker=worker)]

    def _wake(self) -> None:
        if self._sender is not None:
            self._sender.wake()

    def _on_end(self, outcome: Outcome, seconds: float) -> None:
        self._process.job_metrics.ended(SYNC_QUEUE, outcome, seconds)

    def _on_message(self, is_done: bool, age_seconds: float, seconds: float) -> None:  # noqa: FBT001 -- a callback
        self.counts.message(is_done=is_done)
        self._metrics.message("done" if is_done else "failed", delay_seconds=age_seconds, seconds=seconds)

    def _on_execution(self, execution: Execution) -> None:
        self.counts.fetched(files=len(execution.published), received_bytes=execution.received_bytes)
        self._metrics.received(execution.received_bytes)
        for each in execution.fetched:
            self._metrics.fetched(size_bytes=each.size_bytes, seconds=each.seconds, is_verified=each.is_verified)
        self._metrics.files("adopted", len(execution.adopted))
        self._metrics.files("deleted", len(execution.deleted))
        self._metrics.files("failed", len(execution.errors))

    def _on_reconciled(self, result: Reconciled) -> None:
        self._metrics.reconciled(
            seconds=result.seconds,
            refused=len(result.refused),
            succeeded_at=result.began_at if result.is_successful else None,
        )


def _days_by_category(entries: Sequence[str]) -> dict[str, float]:
    days = {}
    for entry in entries:
        category, _, count = entry.partition("=")
        if not category.strip() or not count.strip().isdecimal():
            raise InvalidInput("SAYSO_SYNC_KEEP_DAYS cannot be read.", hint="For example: archive=90,optional=365")
        days[category.strip()] = float(count)
    return days


def _is_ready(sync: ModelSync) -> bool:
    """Whether the volume was synchronised since the start, by this process or by the one that has the volume."""
    state = sync.state
    return state.has_reconciled or state.is_standby


def _webhook_keys(settings: SyncSettings) -> tuple[bytes, ...]:
    if settings.sync_webhook_secret is None:
        return ()
    secret = settings.sync_webhook_secret.get_secret_value()
    try:
        return (b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True),)
    except (ValueError, binascii.Error):
        raise InvalidInput(
            "SAYSO_SYNC_WEBHOOK_SECRET cannot be read.", hint="It is whsec_ and base64, as of: openssl rand -base64 32"
        ) from None
