"""Opens the service of narrations for the API from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from sayso.bootstrap.retention import open_retention
from sayso.bootstrap.storages import open_database, open_storages, output_root
from sayso.narrations.service import NarrationPresenter, Narrations, files_origin_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sayso.settings import StorageSettings
    from sayso.tts.selection import SpeechSource


@asynccontextmanager
async def open_narrations(settings: StorageSettings, sources: Sequence[SpeechSource]) -> AsyncIterator[Narrations]:
    """The service, for the loop that enters this.

    Raises:
        InvalidInput: a setting cannot be used.
    """
    from sayso.narrations.postgres.store import PostgresNarrationStore

    async with AsyncExitStack() as stack:
        storages = await open_storages(settings, stack)
        database = await open_database(settings, stack)
        store = PostgresNarrationStore(database)
        presenter = NarrationPresenter(storages, link_seconds=settings.link_seconds)
        origin = await files_origin_of(storages, output_root(settings))
        narrations = Narrations(
            store,
            presenter,
            sources=sources,
            remover=open_retention(settings, database, storages),
            files_origin=origin,
            maximum_seconds=settings.max_narration_seconds,
        )
        stack.push_async_callback(narrations.close)
        yield narrations
