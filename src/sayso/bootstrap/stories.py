"""The role ``stories``: opens its queues and its workers from the settings."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import structlog

from sayso.bootstrap.isolated import IsolatedNarrator
from sayso.bootstrap.narrator import open_narrator
from sayso.bootstrap.process import Service
from sayso.bootstrap.retention import open_retention
from sayso.bootstrap.storages import (
    check_work_directory,
    open_aws,
    open_database,
    open_storages,
    output_root,
    work_directory,
)
from sayso.cancellation import cancel_until_done
from sayso.errors import InvalidInput, ModelArriving, ResourceMissing, SaysoError, ServiceUnavailable
from sayso.jobs import NullTaskStore
from sayso.narrations import CALLBACKS_QUEUE, STORIES_QUEUE
from sayso.narrations.retention import RetentionPolicy
from sayso.narrations.service import NarrationPresenter
from sayso.narrations.webhooks import CALLBACK_POLICY, WebhookHandler, WebhookSender
from sayso.scheduling import UNBOUNDED
from sayso.signing import signing_keys
from sayso.stories import StoryHandler
from sayso.stories.handler import SCRATCH_KIND
from sayso.threads import on_thread
from sayso.tts.selection import select
from sayso.workers import Consumer, Policy, Worker, remove_stale

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from sayso.bootstrap.process import Process
    from sayso.jobs import JobQueue, TaskStore
    from sayso.narrations import NarrationStore
    from sayso.postgres.pool import Database
    from sayso.scheduling import Scheduler
    from sayso.settings import StoriesSettings
    from sayso.storage import Storages
    from sayso.stories import CompletedStory, Maker
    from sayso.tts.cache import SpeechCache
    from sayso.tts.selection import SpeechSource
    from sayso.workers import Handler, Outcome, WorkerService

    Check: TypeAlias = Callable[[], Awaitable[None]]
    """Checks a resource that jobs need."""

_log = structlog.get_logger(__name__)


def open_stories(process: Process, settings: StoriesSettings) -> Service:
    """The parts of the role.

    Raises:
        InvalidInput: the settings name no source of stories, or one cannot be used.
        OutputFailed: running jobs cannot be stored.
        UnknownVoice: no engine has the default voice.
        ModelMissing: the model of the default voice has not been pulled.
        ServiceUnavailable: the database has not answered for a minute.
    """
    check_work_directory(settings)
    speech = process.speech(settings)
    process.prepare_database(settings)
    opener = StoriesOpener(
        settings,
        process=process,
        sources=speech.sources,
        scheduler=speech.scheduler,
        cache=speech.cache,
        isolated=IsolatedNarrator(settings, on_look_up=lambda hit: process.metrics.cache_lookup(hit=hit)),
    )
    # No warm-up: stories wait longer than a model takes to load, and may never use this one.
    return Service(workers=opener.service(), engines=speech.local_health, base_url=settings.public_base_url)


class StoriesOpener:
    """Opens the resources of stories, on the loop that uses them.

    Args:
        settings: of the role.
        process: has the shared parts and the metrics.
        sources: the available engines.
        scheduler: grants the compute permits.
        cache: of speech.
        isolated: makes the files of a story of which an earlier worker may have died.
    """

    def __init__(
        self,
        settings: StoriesSettings,
        *,
        process: Process,
        sources: Sequence[SpeechSource],
        scheduler: Scheduler,
        cache: SpeechCache,
        isolated: Maker | None = None,
    ) -> None:
        self._settings = settings
        self._process = process
        self._scheduler = scheduler
        self._narrator = open_narrator(settings, sources=sources, cache=cache)
        self._isolated = isolated
        self._work_directory = work_directory(settings)

    def service(self) -> WorkerService:
        """The workers of this role, not started.

        Raises:
            InvalidInput: the settings name no source of stories.
            UnknownVoice: no engine has the default voice.
            ModelMissing: the model of the default voice has not been pulled.
        """
        settings = self._settings
        if settings.queue_url is None and settings.database_url is None:
            raise InvalidInput(
                "There is no queue of stories.",
                hint="Set QUEUE_URL (SQS) or DATABASE_URL (Postgres); `sayso up` brings its own database.",
            )
        _check_queues(settings)
        try:
            select(self._narrator.sources, settings.kokoro_voice, UNBOUNDED)
        except ModelArriving as error:  # no story is taken before it is here
            _log.info("the model of the default voice is pulled", progress=error.message)
        self._remove_scratch()
        return self._process.worker_service("stories", self._consumers, settings)

    @asynccontextmanager
    async def _consumers(self) -> AsyncIterator[Sequence[Consumer]]:
        async with AsyncExitStack() as stack:
            storages = await open_storages(self._settings, stack)
            consumers: list[Consumer] = []
            if self._settings.queue_url is not None:
                consumers.append(await self._from_sqs(self._settings.queue_url, storages, stack))
            if self._settings.database_url is not None:
                consumers += await self._from_postgres(storages, stack)
            yield consumers

    async def _from_sqs(self, queue_url: str, storages: Storages, stack: AsyncExitStack) -> Consumer:
        """Stories from SQS, with their status in DynamoDB if there is a table."""
        from sayso.jobs.dynamodb import DynamoTaskStore
        from sayso.jobs.sqs import SqsQueue

        settings = self._settings
        aws = await open_aws(settings, stack)
        queue = SqsQueue(await aws.client("sqs"), queue_url, dlq_url=settings.dlq_url)
        stack.push_async_callback(queue.close)
        checks: list[Check] = [partial(queue.check, max_attempts=settings.max_attempts)]
        tasks: TaskStore = NullTaskStore()
        if settings.dynamodb_table is not None:
            store = DynamoTaskStore(await aws.client("dynamodb"), settings.dynamodb_table)
            checks.append(store.check)
            tasks = store
        root = None if settings.output_bucket is None else output_root(settings)
        if root is not None:
            checks.append(partial(storages.of(root).check, root))
        stories = self._stories(tasks, storages, root)
        worker = self._worker("sqs", queue, stories, self._policy(), checks=checks)
        return Consumer(name="sqs", queue=queue, worker=worker)

    async def _from_postgres(self, storages: Storages, stack: AsyncExitStack) -> Sequence[Consumer]:
        """Narrations, and the callbacks about their ends."""
        from sayso.jobs.postgres.queue import PostgresQueue
        from sayso.jobs.postgres.tasks import PostgresTaskStore
        from sayso.narrations.postgres.store import PostgresNarrationStore

        settings = self._settings
        database = await open_database(settings, stack)
        queues = [
            PostgresQueue(database, name, worker=settings.worker_name) for name in (STORIES_QUEUE, CALLBACKS_QUEUE)
        ]
        for queue in queues:
            stack.push_async_callback(queue.close)
            if settings.worker_name is not None:
                await queue.release_worker(settings.worker_name)
        store = PostgresNarrationStore(database)
        tasks = PostgresTaskStore(database)
        stack.push_async_callback(cancel_until_done, asyncio.create_task(self._remove_expired(database, storages)))
        root = output_root(settings)
        stories = self._stories(tasks, storages, root, enqueue_callback=store.enqueue_callback)
        checks = [partial(storages.of(root).check, root)]
        worker = self._worker(STORIES_QUEUE, queues[0], stories, self._policy(), checks=checks)
        calling = self._worker(CALLBACKS_QUEUE, queues[1], self._callbacks(store, storages), CALLBACK_POLICY)
        return [
            Consumer(name=STORIES_QUEUE, queue=queues[0], worker=worker),
            Consumer(name=CALLBACKS_QUEUE, queue=queues[1], worker=calling, is_counted=False),
        ]

    async def _remove_expired(self, database: Database, storages: Storages) -> None:
        """Remove expired work, until cancelled."""
        terms = RetentionPolicy(
            narrations_days=self._settings.keep_narrations_days, jobs_days=self._settings.keep_jobs_days
        )
        retention = open_retention(self._settings, database, storages, on_removed=self._process.job_metrics.removed)
        await retention.run(terms, each_round=self._remove_scratch)

    def _remove_scratch(self) -> None:
        remove_stale(self._work_directory, kind=SCRATCH_KIND, older_than_seconds=2 * self._settings.job_seconds)

    def _callbacks(self, store: NarrationStore, storages: Storages) -> WebhookHandler:
        settings = self._settings
        sender = WebhookSender(
            keys=signing_keys(settings).for_callbacks,
            base_url=settings.public_base_url,
            private_hosts=settings.private_hosts,
        )
        return WebhookHandler(store, NarrationPresenter(storages, link_seconds=settings.link_seconds), sender)

    def _stories(
        self,
        tasks: TaskStore,
        storages: Storages,
        root: str | None,
        *,
        enqueue_callback: Callable[[str], Awaitable[None]] | None = None,
    ) -> StoryHandler:
        def on_made(made: CompletedStory) -> None:
            self._process.metrics.synthesised(
                "stories", audio_seconds=made.narration.audio_seconds, elapsed_seconds=made.elapsed_seconds
            )

        return StoryHandler(
            tasks=tasks,
            storages=storages,
            narrator=self._narrator,
            isolated=self._isolated,
            scheduler=self._scheduler,
            output_root=root,
            work_directory=self._work_directory,
            on_made=on_made,
            enqueue_callback=enqueue_callback,
        )

    def _worker(
        self, name: str, queue: JobQueue, handler: Handler, policy: Policy, *, checks: Sequence[Check] = ()
    ) -> Worker:
        reasons: set[str] = set()

        async def prepare() -> None:
            await on_thread(self._require_model)
            for check in checks:
                await _run_check(check, reasons)

        def on_end(outcome: Outcome, seconds: float) -> None:
            self._process.job_metrics.ended(name, outcome, seconds)

        return Worker(queue, handler, policy, on_end=on_end, prepare=prepare)

    def _require_model(self) -> None:
        """Make sure that the model of the default voice is not still being pulled.

        Raises:
            ResourceMissing: it is.
        """
        try:
            select(self._narrator.sources, self._settings.kokoro_voice, UNBOUNDED)
        except ModelArriving as error:
            raise ResourceMissing(error.message) from error
        except SaysoError as error:
            _log.debug("the default voice cannot be used", reason=error.message)

    def _policy(self) -> Policy:
        settings = self._settings
        return Policy(
            at_once=settings.stories_at_once,
            max_attempts=settings.max_attempts,
            job_seconds=settings.job_seconds,
        )


async def _run_check(check: Check, reasons: set[str]) -> None:
    """Run a check; if it cannot be answered, because a service or a permission is missing, continue.

    Args:
        check: the check.
        reasons: why checks could not be answered so far; each is logged once.

    Raises:
        ResourceMissing, InvalidInput: the check failed.
    """
    try:
        await check()
    except ResourceMissing:
        raise
    except ServiceUnavailable as error:
        if error.message not in reasons:
            reasons.add(error.message)
            _log.warning("the settings could not be checked", reason=error.message)


def _check_queues(settings: StoriesSettings) -> None:
    """Refuse a dead-letter queue that is the queue itself.

    Raises:
        InvalidInput: it is.
    """
    from sayso.jobs.sqs import SAME_QUEUE, SAME_QUEUE_HINT, is_same_queue

    queue_url, dlq_url = settings.queue_url, settings.dlq_url
    if queue_url is not None and dlq_url is not None and is_same_queue(queue_url, dlq_url):
        raise InvalidInput(SAME_QUEUE, hint=SAME_QUEUE_HINT)
