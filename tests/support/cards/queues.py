"""The queue of cards jobs, for the contract suite of queues."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.postgres.queue import CardQueue
from sayso.postgres.pool import Database
from support.cards.tables import PLAIN, App, create_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from support.cards.tables import Shape
    from support.jobs.backends import QueueBackend

LEASE_SECONDS = 30.0


class CardQueueBackend:
    """Tables of an application in a schema of their own; the body of a delivery is the deck's id.

    Args:
        database: of the application, and of Sayso.
        app: inserts the jobs.
    """

    tells_lost = True
    counts_attempts = True
    tells_delayed = True

    def __init__(self, database: Database, app: App) -> None:
        self._database = database
        self._app = app
        self._numbers = itertools.count()
        self.application = Application(database, schema=app.shape.schema)
        self.queue = self.another()

    def another(self) -> CardQueue:
        return CardQueue(self.application, self._database, worker="test", lease_seconds=LEASE_SECONDS, poll_seconds=0.2)

    async def enqueue(self, body: str) -> None:
        # In the order in which they come, also within a millisecond.
        job_id = UUID(int=(next(self._numbers) << 96) | (uuid4().int >> 32))
        self._app.add_job(str(job_id), deck_id=body)

    async def cancel(self, job_id: str) -> bool:
        await PostgresClientJobs(self.application, self._database).cancel(job_id)
        return True

    async def dead(self) -> list[tuple[str, str]]:
        rows = self._app.execute("""select * from {jobs} where "status" = 'failed' order by "createdAt" """)
        return [(row["deckId"], row["errorMessage"]) for row in rows]

    async def pass_time(self, seconds: float) -> None:
        passed = {"seconds": seconds, "application": await self.application.name()}
        await self._database.fetch(
            """
            update sayso.card_leases set
                available_at = available_at - %(seconds)s * interval '1 second',
                leased_until = leased_until - %(seconds)s * interval '1 second'
            where application = %(application)s
            """,
            passed,
            is_repeatable=False,
        )
        self._app.execute("""update {jobs} set "createdAt" = "createdAt" - %(seconds)s * interval '1 second'""", passed)


@asynccontextmanager
async def card_queue(
    request: pytest.FixtureRequest, *, url: str = "database_url", listen: bool = True, shape: Shape = PLAIN
) -> AsyncIterator[QueueBackend]:
    conninfo = request.getfixturevalue(url)
    shape = replace(shape, schema=f"App {uuid4()}")
    create_tables(conninfo, shape)
    app = App(conninfo, shape)
    try:
        async with Database(conninfo, listen=listen) as database:
            yield CardQueueBackend(database, app)
    finally:
        app.close()
