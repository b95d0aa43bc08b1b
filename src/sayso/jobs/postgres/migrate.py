"""Bringing the schema ``sayso`` of a database up to date; by Alembic, for which SQLAlchemy is here and nowhere else."""

from __future__ import annotations

from pathlib import Path

from sayso.errors import ServiceUnavailable

SCHEMA = "sayso"

_LOCK = 0x5A50  # any number that is nobody else's: processes that start together take turns
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(conninfo: str) -> None:
    """Make the tables, or change those of an older version; blocks, for a thread.

    Everything happens in one transaction, or nothing does.

    Args:
        conninfo: where the database is, as libpq takes it.

    Raises:
        ServiceUnavailable: the database does not answer, or does not let us.
    """
    import psycopg
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, exc, pool, text

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(conninfo, prepare_threshold=None),
        poolclass=pool.NullPool,
    )
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
            connection.execute(text(f"create schema if not exists {SCHEMA}"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (psycopg.Error, exc.DBAPIError) as error:
        reason = error.orig if isinstance(error, exc.DBAPIError) else error
        # Not the error's own words: they may repeat the address with its password.
        raise ServiceUnavailable(
            f"The database cannot be brought up to date: {type(reason).__name__}.", hint="See DATABASE_URL."
        ) from None
    finally:
        engine.dispose()
