"""The role ``sync``: opens its bucket, its volume and its queues from the settings."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from sayso.api.app import sync_api
from sayso.api.context import SyncContext
from sayso.bootstrap.process import Service
from sayso.bootstrap.storages import open_aws
from sayso.bootstrap.sync_parts import lease_taker, open_channels, open_reader, sync_options, webhook_keys
from sayso.cancellation import cancel_until_done
from sayso.errors import InvalidInput
from sayso.modelsync.bucket.names import bucket_of_events
from sayso.modelsync.notifications.channels import SqsChannel
from sayso.modelsync.notifications.outbox import OutboxSender
from sayso.modelsync.service.consumer import EventHandler
from sayso.modelsync.service.counts import MessageCounts
from sayso.modelsync.service.service import ModelSync
from sayso.observability import SyncMetrics
from sayso.workers import Consumer, Policy, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sayso.bootstrap.process import Process
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.reconciled import Reconciled
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
        webhook_keys(settings)
        self.sync = ModelSync(
            options,
            reader,
            take_lease=lease_taker(settings),
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
                bucket=bucket_of_events(settings.sync_bucket),
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
                    worker.stand_by()
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


def _is_ready(sync: ModelSync) -> bool:
    """Whether the volume was synchronised since the start, by this process or by the one that has the volume."""
    state = sync.state
    return state.has_reconciled or state.is_standby
