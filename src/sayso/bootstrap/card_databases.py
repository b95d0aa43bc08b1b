"""The databases of cards before the role starts: Sayso's tables are migrated, the application's looked at."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.install import dba_sql
from sayso.errors import InvalidInput, ResourceMissing, SaysoError
from sayso.postgres.pool import Database
from sayso.resilience.retry import is_unavailable, retry_blocking
from sayso.resilience.retry_policies import DATABASE_START

if TYPE_CHECKING:
    from sayso.bootstrap.process import Process
    from sayso.settings import CardsSettings

_log = structlog.get_logger(__name__)


def prepare_card_databases(process: Process, settings: CardsSettings) -> None:
    """Migrate Sayso's own tables. Blocks.

    Raises:
        InvalidInput: the database refuses it; the hint has what a DBA runs once, if only privileges are missing.
        ServiceUnavailable: it has not answered for a minute.
    """
    try:
        process.prepare_database(settings)
    except InvalidInput as error:
        statements = None
        with suppress(SaysoError):
            statements = asyncio.run(_statements_for_dba(settings))
        if statements is None:
            raise
        raise InvalidInput(error.message, hint=f"Have a DBA run once:\n{statements}") from None


async def _statements_for_dba(settings: CardsSettings) -> str | None:
    """The statements with which this user needs no privilege to create anything; None if it does not lack that one."""
    assert settings.database_url is not None  # noqa: S101 -- see `sayso.bootstrap.cards.open_cards`
    assert settings.cards_database_url is not None  # noqa: S101 -- see `sayso.bootstrap.cards.open_cards`
    async with Database(settings.database_url.get_secret_value(), listen=False) as database:
        (row,) = await database.fetch(_PRIVILEGES, {}, is_repeatable=True)
    if row["can_create"] or row["exists"]:
        return None
    async with Database(settings.cards_database_url.get_secret_value(), listen=False) as database:
        return await dba_sql(database)


_PRIVILEGES = """
select has_database_privilege(current_database(), 'create') as can_create,
    to_regnamespace('sayso') is not null as exists
"""


def check_application(conninfo: str) -> None:
    """Make sure that the application's database answers, and that its tables can be used. Blocks.

    Raises:
        InvalidInput: they cannot; the hint says why.
        ServiceUnavailable: the database has not answered for a minute.
    """

    def log(error: BaseException) -> None:
        _log.warning("waiting for the application's database", reason=str(error))

    try:
        retry_blocking(lambda: asyncio.run(_look_at_tables(conninfo)), DATABASE_START, on=is_unavailable, on_retry=log)
    except ResourceMissing as error:  # the application makes them, perhaps in a moment
        _log.warning("the application has no tables of jobs yet", reason=error.message, hint=error.hint)


async def _look_at_tables(conninfo: str) -> None:
    async with Database(conninfo, listen=False) as database:
        await Application(database).refresh()
