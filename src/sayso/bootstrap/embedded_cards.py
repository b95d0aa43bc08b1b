"""The role ``cards`` in `sayso up`: its tables in the embedded database, and its files in the data directory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from sayso.bootstrap.card_storage import card_files_url, in_data_directory
from sayso.bootstrap.storages import prepare_database
from sayso.cards.files import CARD_FILES_PATH
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.install import install_trigger
from sayso.cards.postgres.own_tables import install_tables
from sayso.errors import InvalidInput, ResourceMissing
from sayso.postgres.pool import Database
from sayso.settings import CardsSettings, deciding_variable, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from sayso.bootstrap.plan import ProcessPlan
    from sayso.settings import Settings

_log = structlog.get_logger(__name__)

ROLE = "cards"


def card_values(settings: Settings) -> Mapping[str, Any]:
    """What `sayso up` decides for the role, where no variable of its own does, by the fields' names.

    PUBLIC_BASE_URL is the address of the whole process here, and the files of a directory are below it.
    """
    values = dict(in_data_directory(settings))
    if deciding_variable(settings, "cards_public_base_url") == "PUBLIC_BASE_URL":
        base = f"{(settings.public_base_url or '').rstrip('/')}{CARD_FILES_PATH}"
        is_local = settings.storage_type == "local"
        values["cards_public_base_url"] = (
            base if is_local else card_files_url(replaced(settings, {"cards_public_base_url": None}))
        )
    return values


def with_cards(plan: ProcessPlan, *, embedded: SecretStr | None, port: int) -> ProcessPlan:
    """The plan with the role ``cards`` ready: its tables are made in the embedded database.

    If the settings name a database, its application has the tables; where there are none, the plan is without the role.
    Blocks.

    Args:
        plan: of `sayso up`, with the address of Sayso's own database.
        embedded: the address of the embedded database; None if there is another.
        port: on which the process listens.

    Raises:
        InvalidInput: a database refuses.
        ServiceUnavailable: a database does not answer.
    """
    settings = plan.settings[ROLE]
    assert isinstance(settings, CardsSettings)  # noqa: S101 -- it is the role's
    if settings.cards_public_base_url is None and settings.storage_type == "local":
        plan = plan.replaced(cards_public_base_url=f"http://localhost:{port}{CARD_FILES_PATH}")
    if settings.cards_database_url is not None:
        return plan if _has_tables(settings.cards_database_url) else plan.without(ROLE)
    if embedded is None:
        return plan.without(ROLE)
    conninfo = embedded.get_secret_value()
    prepare_database(conninfo)
    asyncio.run(_make_tables(conninfo))
    return plan.replaced(cards_database_url=embedded)


async def _make_tables(conninfo: str) -> None:
    async with Database(conninfo, listen=False) as database:
        await install_tables(database)
        await install_trigger(Application(database), database)


def _has_tables(address: SecretStr) -> bool:
    """Whether there are tables of an application that can be used."""

    async def look() -> None:
        async with Database(address.get_secret_value(), listen=False) as database:
            await Application(database).refresh()

    try:
        asyncio.run(look())
    except (ResourceMissing, InvalidInput) as error:
        _log.info("there are no decks to speak in this database", reason=error.message, hint=error.hint)
        return False
    return True
