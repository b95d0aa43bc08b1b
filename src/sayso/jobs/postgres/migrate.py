"""Bringing the schema ``sayso`` of a database up to date; by Alembic, for which SQLAlchemy is here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from sayso.errors import ServiceUnavailable
from sayso.jobs.postgres.failures import parsed_conninfo, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "sayso"

_LOCK = 0x5A50  # any number that is nobody else's: processes that start together take turns
_MIGRATIONS = Path(__file__).parent / "migrations"
_CONNECT_SECONDS = 10

_BEGIN = f"set local lock_timeout = '60s'; select pg_advisory_xact_lock({_LOCK}); create schema if not exists {SCHEMA}"


def migrate(conninfo: str) -> None:
    """Make the tables, or change those of an older version; blocks, for a thread.

    Everything happens in one transaction, or nothing does. Tables of a newer version are left as they are: each version
    of Sayso works with those of the next one.

    Args:
        conninfo: where the database is, as libpq takes it.

    Raises:
        InvalidInput: the conninfo is none.
        ServiceUnavailable: the database does not answer, or does not let us.
    """
    parameters: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **parsed_conninfo(conninfo)}
    try:
        # Most often there is nothing to do, which takes Alembic as long to find as the rest of a start takes.
        with psycopg.connect(**parameters, autocommit=True) as connection:
            is_up_to_date = _is_up_to_date(connection)
        if not is_up_to_date:
            _upgrade(parameters)
    except psycopg.Error as error:
        failure = ServiceUnavailable(f"The database cannot be brought up to date: {words_of(error)}.")
    else:
        return
    raise failure


def known_versions() -> list[str]:
    """The versions of the schema that this version of Sayso knows, in order: the numbers of their files."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _is_up_to_date(connection: psycopg.Connection[Any]) -> bool:
    """Whether the tables are of the newest version that is known here, or of one that is not."""
    if connection.execute(f"select to_regclass('{SCHEMA}.migrations')").fetchone() == (None,):
        return False
    found = {version for (version,) in connection.execute(f"select version_num from {SCHEMA}.migrations")}  # noqa: S608 -- a constant
    return bool(found) and not found & set(known_versions()[:-1])


def _upgrade(parameters: Mapping[str, Any]) -> None:
    """Have Alembic do it.

    Raises:
        psycopg.Error: the database's.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, exc, pool

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**parameters, prepare_threshold=None),
        poolclass=pool.NullPool,
    )
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_BEGIN)
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)  # noqa: S101 -- as it was created
            if not _is_up_to_date(driver):
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
    finally:
        engine.dispose()
