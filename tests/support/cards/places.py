"""An application with its tables, and workers of Sayso on them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sayso.cards.postgres.administration import CardsAdministration
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.postgres.queue import CardQueue
from sayso.cards.records import CardJob, JobResults, Phrase, PhraseResult
from sayso.postgres.pool import Database
from support.cards.tables import PLAIN, App, create_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sayso.jobs import Delivery
    from support.cards.tables import Shape
    from support.postgres.databases import Databases

MANY = [{"textEn": f"Sentence {number} of many.", "textFr": f"Phrase {number}."} for number in range(200)]
"""The phrases of a large job."""

FEW = MANY[:5]
"""The phrases of a small one."""


@dataclass
class CardsPlace:
    """An application and Sayso's own database.

    Attributes:
        app: the application.
        application: as Sayso sees it.
        database: Sayso's own.
    """

    app: App
    application: Application
    database: Database
    queues: list[CardQueue] = field(default_factory=list)

    @property
    def clients(self) -> PostgresClientJobs:
        return PostgresClientJobs(self.application, self.database)

    @property
    def administration(self) -> CardsAdministration:
        return CardsAdministration(self.application, self.database)

    def worker(self, **options: Any) -> CardQueue:
        """Another worker; polls quickly unless the options say otherwise."""
        queue = CardQueue(self.application, self.database, **{"poll_seconds": 0.1, **options})
        self.queues.append(queue)
        return queue

    async def sql(self, statement: str, **parameters: Any) -> Any:
        """Run a statement in Sayso's own database."""
        return await self.database.fetch(statement.encode(), parameters, is_repeatable=False)  # type: ignore[arg-type]

    async def expire_leases(self) -> None:
        """Let all leases expire."""
        await self.sql(
            "update sayso.card_leases set leased_until = now() - interval '1 second' where leased_until > '-infinity'"
        )


@asynccontextmanager
async def cards_place(
    databases: Databases, shape: Shape = PLAIN, *, listen: bool = False, is_apart: bool = False
) -> AsyncIterator[CardsPlace]:
    """A new application.

    Args:
        databases: where its database is made.
        shape: of its tables.
        listen: whether to listen for notifications.
        is_apart: whether Sayso's own tables are in another database.
    """
    conninfo = databases.bare() if is_apart else databases.new()
    create_tables(conninfo, shape)
    app = App(conninfo, shape)
    async with AsyncExitStack() as stack:
        stack.callback(app.close)
        database = await stack.enter_async_context(Database(conninfo, listen=listen))
        own = await stack.enter_async_context(Database(databases.new(), listen=listen)) if is_apart else database
        place = CardsPlace(app, Application(database, schema=shape.schema), own)
        yield place
        for queue in place.queues:
            await queue.close()


async def one(queue: CardQueue) -> Delivery:
    """The next job."""
    (delivery,) = await queue.receive(1, wait_seconds=20)
    return delivery


def results_of(job: CardJob, urls: Mapping[int, Mapping[str, str | None]]) -> JobResults:
    """Results for a job: the URLs of its phrases by their index; phrases without URLs are not finished."""
    results: list[PhraseResult | None] = []
    for index, entry in enumerate(job.phrases):
        phrase = Phrase(index=index, card_id=entry.get("cardId"), texts={}, problems={})
        results.append(PhraseResult(phrase=phrase, urls=urls[index], problems={}) if index in urls else None)
    return JobResults(results=tuple(results))


def spoken(job: CardJob) -> JobResults:
    """Results for a job whose every phrase was spoken in English and French."""
    return results_of(
        job, {index: {"en": f"/{index}_en.mp3", "fr": f"/{index}_fr.mp3"} for index in range(len(job.phrases))}
    )


async def work_on(worker: CardQueue, delivery: Delivery) -> None:
    """Do a job."""
    job = await worker.rows.begin(delivery)
    assert await worker.rows.complete(delivery, job, spoken(job), error=None)
    await worker.finish(delivery)
