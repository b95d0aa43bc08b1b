"""What clients of the role meet when the application's tables change under it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from sayso.bootstrap.card_clients import open_card_clients
from sayso.cards.service import TablesUnusable
from sayso.errors import ServiceUnavailable
from sayso.settings import CardsSettings, load_settings, replaced
from support.cards.tables import App, create_tables

if TYPE_CHECKING:
    from support.postgres.databases import Databases

PHRASES = [{"textEn": "the lamp", "textFr": "la lampe"}]


async def test_tables_that_cannot_be_used_are_no_mistake_of_the_caller(databases: Databases) -> None:
    """The service is unavailable, without words for operators, until a migration has mended them."""
    conninfo = databases.new()
    create_tables(conninfo)
    address = SecretStr(conninfo)
    values = {"cards_database_url": address, "database_url": address, "cards_user_id": "user-1"}
    with closing(App(conninfo)) as app:
        async with open_card_clients(replaced(load_settings(CardsSettings), values)) as context:
            cards = context.service
            job_id = await cards.submit("deck-1", PHRASES)
            app.execute('alter table {jobs} rename column "resultUrls" to "urls"')
            with pytest.raises(ServiceUnavailable):  # a statement is refused
                await cards.get(job_id)
            with pytest.raises(TablesUnusable, match="resultUrls") as caught:
                await cards.get(job_id)
            assert caught.value.for_callers() == TablesUnusable.public_message
            app.execute('alter table {jobs} rename column "urls" to "resultUrls"')
            assert (await cards.get(job_id)).columns["phrases"] == PHRASES
