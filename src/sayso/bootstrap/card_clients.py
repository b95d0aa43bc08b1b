"""The databases of the role ``cards``, and its part of the HTTP API, from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from sayso.api.context import CardsContext
from sayso.bootstrap.card_storage import card_files_url
from sayso.cards.files import CARD_FILES_PATH
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.service import Cards
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.settings import CardsSettings


async def open_card_databases(settings: CardsSettings, stack: AsyncExitStack) -> tuple[Application, Database]:
    """The application's tables and Sayso's own database, which may be the same database; the stack closes them.

    Raises:
        InvalidInput: an address is invalid.
    """
    assert settings.database_url is not None  # noqa: S101 -- see `open_cards`
    assert settings.cards_database_url is not None  # noqa: S101 -- see `open_cards`
    addresses = [url.get_secret_value() for url in (settings.cards_database_url, settings.database_url)]
    databases = {
        address: await stack.enter_async_context(Database(address, listen=settings.database_listen))
        for address in dict.fromkeys(addresses)
    }
    return Application(databases[addresses[0]]), databases[addresses[1]]


@asynccontextmanager
async def open_card_clients(settings: CardsSettings) -> AsyncIterator[CardsContext]:
    """What the clients of the role use, for the loop that enters this.

    Raises:
        InvalidInput: an address is invalid, or the bucket of the files is not set.
    """
    files_url = card_files_url(settings)
    # In `sayso up` the address is set, and is that of the process itself.
    is_served_here = settings.storage_type == "local" and files_url.endswith(CARD_FILES_PATH)
    async with AsyncExitStack() as stack:
        application, own = await open_card_databases(settings, stack)
        jobs = PostgresClientJobs(application, own)
        service = Cards(jobs, check=application.tables, user_id=settings.cards_user_id)
        stack.callback(service.close)
        yield CardsContext(
            service=service,
            files_url=files_url,
            directory=settings.local_storage_path if is_served_here else None,
        )
