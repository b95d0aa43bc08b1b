"""A page over an application's tables in PostgreSQL, and what happens on it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import expect

from sayso.api.context import CardsContext
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.service import Cards
from sayso.postgres.pool import Database
from support.api.app_contexts import fake_served, running
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from sayso.settings import Settings
    from support.cards.tables import App

FILES_URL = "http://localhost:7/api/tts/files"
"""The address of the files in the rows: not that of the page, which is unknown when they are written."""

RATE_HZ = 24_000


@contextmanager
def cards_served(
    conninfo: str, directory: Path | None, *, settings: Settings | None = None, files_url: str = FILES_URL
) -> Iterator[str]:
    """Run the application with cards; its address.

    Args:
        conninfo: of the database with the application's tables and Sayso's.
        directory: of the MP3 files; None if another server has them.
        settings: of the server.
        files_url: the address of the files.
    """

    end_streams: list[Callable[[], Any]] = []

    @asynccontextmanager
    async def open_cards() -> AsyncIterator[CardsContext]:
        async with Database(conninfo, listen=False) as database:
            service = Cards(PostgresClientJobs(Application(database), database))
            end_streams.append(partial(asyncio.get_running_loop().call_soon_threadsafe, service.close))
            yield CardsContext(service=service, files_url=files_url, directory=directory)

    with running(fake_served(settings=settings), open_cards=open_cards) as address:
        yield address
        end_streams[0]()  # as a process does when it is stopped


def tone(seconds: float = 0.4) -> bytes:
    """An MP3 file."""
    time = np.arange(round(seconds * RATE_HZ), dtype=np.float32) / RATE_HZ
    return encoded((0.2 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), "mp3", sample_rate_hz=RATE_HZ)


def finish(app: App, job_id: str, urls: list[dict[str, Any]], *, error: str | None = None) -> None:
    """Complete a job, as a worker does."""
    app.execute(
        """update {jobs} set "status" = 'completed', "processedCount" = "totalPhrases", "resultUrls" = %(urls)s,
        "errorMessage" = %(error)s, "completedAt" = now() where "id" = %(id)s""",
        {"id": job_id, "urls": json.dumps(urls), "error": error},
    )


def advance(app: App, job_id: str, processed: int) -> None:
    """Work on a job, as a worker does."""
    app.execute(
        """update {jobs} set "status" = 'processing', "processedCount" = %(processed)s,
        "startedAt" = coalesce("startedAt", now()) where "id" = %(id)s""",
        {"id": job_id, "processed": processed},
    )


def job(page: Page, deck_id: str) -> Locator:
    """A job in the list, by its deck."""
    return page.locator("#cards").get_by_role("listitem", name=deck_id, exact=True)


def wait_for_job(page: Page, deck_id: str, state: str) -> Locator:
    """A job, once it has this state."""
    found = job(page, deck_id)
    expect(found.locator(".job-head .state")).to_have_text(state)
    return found
