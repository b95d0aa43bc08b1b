"""The role ``cards``: opens its databases, its speaker, its files and its worker from the settings."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sayso.api.app import cards_api
from sayso.bootstrap.card_clients import open_card_clients, open_card_databases
from sayso.bootstrap.card_databases import check_application, prepare_card_databases
from sayso.bootstrap.card_speech import open_speaker
from sayso.bootstrap.card_storage import (
    card_files_url,
    check_card_directory,
    check_free_space,
    open_card_storage,
)
from sayso.bootstrap.process import Service
from sayso.bootstrap.storages import check_work_directory, work_directory
from sayso.cards.files import StoredCardFiles
from sayso.cards.handler import CardsHandler
from sayso.cards.postgres.files import PostgresFileRecords
from sayso.cards.postgres.queue import CardQueue
from sayso.cards.voices import VoiceChoice
from sayso.errors import InvalidInput, LeaseLost
from sayso.observability import CardMetrics
from sayso.threads import on_thread
from sayso.workers import Consumer, Policy, ScratchDirectory, Worker, remove_stale

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from sayso.bootstrap.card_storage import CardStorage
    from sayso.bootstrap.process import Process
    from sayso.cards.base import CardFiles, JobRows, PhraseSpeaker, SpokenPhrase
    from sayso.cards.cloud import CloudEngine
    from sayso.cards.speaker import CardSpeaker
    from sayso.jobs import Delivery, JobQueue
    from sayso.observability import EngineHealth
    from sayso.postgres.pool import Database
    from sayso.resilience import Failure, Link
    from sayso.settings import CardsSettings
    from sayso.workers import Outcome

_log = structlog.get_logger(__name__)

CARDS_QUEUE = "cards"
"""The name of the queue, for people and metrics."""

_SCRATCH_KIND = "cards"

_SMALL_JOBS = 1
"""How many small jobs a process works on besides the large ones."""

_STALE_SECONDS = 24 * 3600.0


def open_cards(process: Process, settings: CardsSettings) -> Service:
    """The parts of the role; prints the lines that operators look for.

    Raises:
        InvalidInput: a setting is missing or cannot be used, or the directory of the files cannot be written to.
        OutputFailed: running jobs cannot be stored.
        ServiceUnavailable: the database has not answered for a minute.
    """
    _print_start(settings)
    if settings.cards_database_url is None or settings.database_url is None:
        raise InvalidInput(
            "DATABASE_URL is not set.", hint="It is the address of the application's database, as Prisma has it."
        )
    base_url = card_files_url(settings)
    if settings.storage_type == "local":
        check_card_directory(settings.local_storage_path)
        if settings.cards_public_base_url is None:
            _log.warning("the files of cards have addresses of this machine only", base_url=base_url, hint=_BASE_URL)
    check_work_directory(settings)
    speech = process.speech(settings)
    VoiceChoice(settings.voices).check(speech.sources)
    prepare_card_databases(process, settings)
    check_application(settings.cards_database_url.get_secret_value())
    _print("[Worker] Database connected")
    opener = CardsOpener(settings, process=process)
    workers = process.worker_service("cards", opener.consumers, settings)
    return Service(
        workers=workers,
        http=cards_api(partial(open_card_clients, settings)),
        engines=opener.engines,
        facts=opener.facts,
    )


_BASE_URL = "Set PUBLIC_BASE_URL to the address at which the application's users reach the files."


def _print_start(settings: CardsSettings) -> None:
    """Print what the worker that Sayso replaces printed: operators search logs for it, whatever their format is."""
    key = "✓ Set" if settings.openai_api_key is not None else "✗ Not set"
    _print("[Worker] Starting TTS worker...")
    _print(f"[Worker] Poll interval: {settings.poll_interval_ms}ms")
    _print(f"[Worker] OpenAI API Key: {key}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class CardsOpener:
    """Opens the resources of cards, on the loop that uses them.

    Args:
        settings: of the role.
        process: has the shared parts and the metrics.
    """

    def __init__(self, settings: CardsSettings, *, process: Process) -> None:
        self._settings = settings
        self._process = process
        self._metrics = CardMetrics(process.metrics.registry)
        self._work_directory = work_directory(settings)
        self._clouds: Sequence[Link[CloudEngine]] = ()

    def engines(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engines of cards, in the order in which they are tried, for /health."""
        speech = self._process.speech(self._settings)
        local = speech.local_health()["speech"] if speech.engines.asks_local else []
        clouds = [
            link.engine.health(link.breaker.state, speech.checks.last_of_provider(link.name)) for link in self._clouds
        ]
        return {"cards": [*clouds, *local]}

    def facts(self) -> Mapping[str, Any]:
        """Entries of /health."""
        settings = self._settings
        return {
            "cards": {
                "storage": settings.storage_type,
                "base_url": card_files_url(settings),
                "daily_character_limit": settings.daily_character_limit or None,
            }
        }

    @asynccontextmanager
    async def consumers(self) -> AsyncIterator[Sequence[Consumer]]:
        """The queue and the worker, for as long as the block."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            application, own = await open_card_databases(settings, stack)
            storage = await open_card_storage(settings, stack)
            remove_stale(self._work_directory, kind=_SCRATCH_KIND, older_than_seconds=_STALE_SECONDS)
            scratch = stack.enter_context(ScratchDirectory(self._work_directory, kind=_SCRATCH_KIND))
            queue = CardQueue(
                application,
                own,
                large_jobs=settings.cards_jobs_at_once,
                poll_seconds=settings.poll_interval_ms / 1000,
                stuck_seconds=settings.cards_stuck_seconds,
                worker=settings.worker_name,
            )
            stack.push_async_callback(queue.close)
            files = StoredCardFiles(
                storage.storages,
                root=storage.root,
                base_url=storage.base_url,
                records=PostgresFileRecords(own),
                confirm=partial(_confirm, queue),
                scratch=scratch.directory,
            )
            speaker = await stack.enter_async_context(self._speaker(own))
            self._clouds = speaker.clouds
            handler = self._handler(queue.rows, speaker, files)

            async def prepare() -> None:
                await self._check_storage(storage)
                await application.refresh()

            worker = Worker(queue, handler, self._policy(), on_end=self._on_end, prepare=prepare)
            yield [Consumer(name=CARDS_QUEUE, queue=queue, worker=worker)]

    async def _check_storage(self, storage: CardStorage) -> None:
        """Make sure that files can be published.

        Raises:
            InvalidInput: the directory cannot be written to any more.
            ResourceMissing, ServiceUnavailable: there is no such bucket, or no room.
        """
        await storage.storages.of(storage.root).check(storage.root)
        if self._settings.storage_type == "local":
            await on_thread(partial(check_card_directory, self._settings.local_storage_path))
            await on_thread(partial(check_free_space, self._settings.local_storage_path))

    def _speaker(self, database: Database) -> AbstractAsyncContextManager[CardSpeaker]:
        def on_fallback(failure: Failure) -> None:
            self._process.metrics.fallback(failure.engine, failure.reason)

        def on_synthesised(engine: str, audio_seconds: float, elapsed_seconds: float) -> None:
            self._process.metrics.synthesised(engine, audio_seconds=audio_seconds, elapsed_seconds=elapsed_seconds)

        return open_speaker(
            self._settings,
            database=database,
            speech=self._process.speech(self._settings),
            on_fallback=on_fallback,
            on_bought=self._metrics.bought,
            on_synthesised=on_synthesised,
        )

    def _handler(self, rows: JobRows, speaker: PhraseSpeaker, files: CardFiles) -> CardsHandler:
        def on_spoken(spoken: SpokenPhrase) -> None:
            self._metrics.phrase(spoken.engine, "cached" if spoken.is_cached else "spoken")

        return CardsHandler(
            rows=rows,
            speaker=speaker,
            files=files,
            phrases_at_once=self._settings.cards_phrases_at_once,
            complete_if=self._settings.cards_complete,
            on_spoken=on_spoken,
            on_failed=lambda: self._metrics.phrase("", "failed"),
        )

    def _on_end(self, outcome: Outcome, seconds: float) -> None:
        self._process.job_metrics.ended(CARDS_QUEUE, outcome, seconds)

    def _policy(self) -> Policy:
        settings = self._settings
        return Policy(
            at_once=settings.cards_jobs_at_once + _SMALL_JOBS,
            max_attempts=settings.max_attempts,
            job_seconds=settings.job_seconds,
        )


async def _confirm(queue: JobQueue, delivery: Delivery) -> None:
    """Make sure that a job still belongs to this worker.

    Raises:
        LeaseLost: it does not.
        ServiceUnavailable: a database does not answer.
    """
    if await queue.heartbeat([delivery]):
        raise LeaseLost(f"Job {delivery.job_id} was taken over or cancelled.")
