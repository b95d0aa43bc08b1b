"""Stores of narrations with their queues and tasks, for the contract suites."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sayso.jobs import Claim
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narrations import CALLBACKS_QUEUE, STORIES_QUEUE, NarrationRecord, NarrationStore
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.postgres.pool import Database
from sayso.testing import InMemoryNarrationStore
from support.narrations.service import request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from sayso.jobs import Delivery, JobQueue, TaskStore

PATIENCE_SECONDS = 60.0
CALLBACK = "https://example.com/narrated"
FORMATS = ("mp3", "srt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A store with its queues and its tasks."""

    store: NarrationStore
    tasks: TaskStore
    stories: JobQueue
    callbacks: JobQueue
    is_hearing: bool = True
    """Whether changes are notified."""

    async def submitted(self, owner: str = "ann", **fields: Any) -> NarrationRecord:
        return (await self.store.submit(request(**fields), owner=owner)).record

    async def claimed(self, record: NarrationRecord) -> Claim:
        claim = await self.tasks.claim(record.id, FORMATS)
        assert isinstance(claim, Claim)
        return claim

    async def completed(self, record: NarrationRecord) -> None:
        claim = await self.claimed(record)
        await self.tasks.complete(claim, {name: f"file:///data/{name}" for name in claim.lease_ids})

    async def failed(self, record: NarrationRecord) -> None:
        await self.tasks.fail(await self.claimed(record), error="It was too long.", code="speech_too_long")

    async def now(self, record: NarrationRecord) -> NarrationRecord:
        return await self.store.get(record.id, owner=None)

    async def jobs(self, queue: JobQueue) -> list[Delivery]:
        """Every job that is available now."""
        return list(await queue.receive(100, wait_seconds=0))


Opened: TypeAlias = "Callable[[], AbstractAsyncContextManager[Scene]]"


@asynccontextmanager
async def in_memory() -> AsyncIterator[Scene]:
    store = InMemoryNarrationStore()
    yield Scene(store=store, tasks=store.tasks, stories=store.stories, callbacks=store.callbacks)


async def _emptied(database: Database) -> None:
    statement = "truncate sayso.narrations, sayso.jobs, sayso.tasks, sayso.events"
    await database.fetch(statement, {}, is_repeatable=True)


@asynccontextmanager
async def in_postgres(url: str, *, listen: bool = True) -> AsyncIterator[Scene]:
    async with Database(url, listen=listen) as database:
        await _emptied(database)
        queues = [PostgresQueue(database, name) for name in (STORIES_QUEUE, CALLBACKS_QUEUE)]
        tasks = PostgresTaskStore(database)
        store = PostgresNarrationStore(database)
        yield Scene(store=store, tasks=tasks, stories=queues[0], callbacks=queues[1], is_hearing=listen)
        await store.close()
        for queue in queues:
            await queue.close()
