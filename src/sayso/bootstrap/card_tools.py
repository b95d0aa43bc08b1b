"""What the commands of operators need of cards: the databases, the files, and what works on them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.bootstrap.card_storage import in_data_directory, open_card_storage
from sayso.bootstrap.jobs import job_database
from sayso.bootstrap.storages import prepare_database
from sayso.cards.postgres.administration import CardsAdministration
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.postgres.inspection import CardInspection
from sayso.cards.removal import Cleaning
from sayso.postgres.pool import Database
from sayso.settings import replaced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sayso.bootstrap.card_storage import CardStorage
    from sayso.settings import CardsSettings, Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class CardDatabases:
    """The addresses for libpq, and the settings that go with them.

    Attributes:
        application: of the database with the application's tables.
        own: of Sayso's.
        settings: where the files are.
    """

    application: str
    own: str
    settings: CardsSettings


@contextmanager
def card_databases(settings: Settings, *, are_prepared: bool = True) -> Iterator[CardDatabases]:
    """The databases; without DATABASE_URL that of `sayso up`, which is started for the block if it is not running.

    Args:
        settings: name the databases.
        are_prepared: whether Sayso's own tables are brought up to date, for which the user needs privileges.

    Raises:
        InvalidInput: there is no database, or it refuses.
        ServiceUnavailable: it does not answer.
    """
    if settings.cards_database_url is None:
        with job_database(settings) as conninfo:
            yield CardDatabases(
                application=conninfo, own=conninfo, settings=replaced(settings, in_data_directory(settings))
            )
        return
    application = settings.cards_database_url.get_secret_value()
    own = application if settings.database_url is None else settings.database_url.get_secret_value()
    if are_prepared:
        prepare_database(own)
    yield CardDatabases(application=application, own=own, settings=settings)


@dataclass(frozen=True, kw_only=True, slots=True)
class CardTools:
    """What commands work with; it belongs to the loop that opened it.

    Attributes:
        application: the application's tables.
        database: Sayso's own.
        jobs: for single jobs.
        administration: for many.
        inspection: for questions.
        settings: where the files are.
    """

    application: Application
    database: Database
    jobs: PostgresClientJobs
    administration: CardsAdministration
    inspection: CardInspection
    settings: CardsSettings
    stack: AsyncExitStack

    async def storage(self) -> CardStorage:
        """The storage of the files, opened for as long as the tools.

        Raises:
            InvalidInput: a setting cannot be used.
            NotInstalled: S3 needs an extra.
        """
        return await open_card_storage(self.settings, self.stack)

    async def cleaning(self) -> Cleaning:
        """The clean-up of jobs and files.

        Raises:
            InvalidInput, NotInstalled: as for `storage`.
        """
        storage = await self.storage()
        return Cleaning(self.administration, self.inspection, storage.storages, storage.root)


@asynccontextmanager
async def open_card_tools(databases: CardDatabases) -> AsyncIterator[CardTools]:
    """The tools, for the block.

    Raises:
        InvalidInput: an address is invalid.
    """
    async with AsyncExitStack() as stack:
        opened = {
            address: await stack.enter_async_context(Database(address, listen=False))
            for address in dict.fromkeys((databases.application, databases.own))
        }
        application, own = Application(opened[databases.application]), opened[databases.own]
        yield CardTools(
            application=application,
            database=own,
            jobs=PostgresClientJobs(application, own),
            administration=CardsAdministration(application, own),
            inspection=CardInspection(application, own),
            settings=databases.settings,
            stack=stack,
        )
