"""Bringing the schema ``sayso`` of a database up to date; by Alembic, for which SQLAlchemy is here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import structlog

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.postgres.address import parse_address
from sayso.postgres.connections import connection_parameters
from sayso.postgres.errors import words_of
from sayso.postgres.privileges import SCHEMA, lacks_privileges, privileges_hint
from sayso.postgres.refusal import look_at_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    T = TypeVar("T")

_log = structlog.get_logger(__name__)

_LOCK = 0x5A50  # any number that is not used otherwise: processes that start together take turns
_MIGRATIONS = Path(__file__).parent / "migrations"
_CONNECT_SECONDS = 10

_ENCODINGS = frozenset({"UTF8", "SQL_ASCII"})
"""Those that any text can be kept in; the latter keeps whatever bytes it is given, which are UTF-8."""

_BEGIN = f"set local lock_timeout = '60s'; select pg_advisory_xact_lock({_LOCK})"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaState:
    """How far a schema is.

    Attributes:
        version: of its tables; None where there are none.
        pending: the versions that this version of Sayso would bring it to, in order.
    """

    version: str | None
    pending: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """What `migrate` did.

    Attributes:
        before: the version of the tables before; None where there were none.
        after: the version that they have now.
        applied: the versions that were added, in order; empty where there was nothing to do.
    """

    before: str | None
    after: str
    applied: tuple[str, ...]


def migrate(conninfo: str) -> Migration:
    """Make the tables, or change those of an older version; blocks, for a thread.

    Everything happens in one transaction, or nothing does. Tables of a newer version are left as they are: each version
    of Sayso works with those of the next one.

    Args:
        conninfo: where the database is, see `sayso.postgres.address`.

    Raises:
        InvalidInput: the conninfo is none, the server refuses its user, or the user may not do what is needed.
        ServiceUnavailable: the database does not answer, or cannot be written to.
    """

    def bring_up_to_date(connection: psycopg.Connection[Any], parameters: Mapping[str, Any]) -> Migration:
        # Most often there is nothing to do, which takes Alembic as long to find as the rest of a start takes.
        state = _state(connection)
        if state.version is None or state.pending:
            return _upgrade(parameters)
        return Migration(before=state.version, after=state.version, applied=())

    return _in_database(conninfo, bring_up_to_date)


def schema_state(conninfo: str) -> SchemaState:
    """How far the schema is; changes nothing. Blocks, for a thread.

    Args:
        conninfo: where the database is, see `sayso.postgres.address`.

    Raises:
        InvalidInput: as `migrate`, but privileges for making tables are not looked at.
        ServiceUnavailable: the database does not answer.
    """
    return _in_database(conninfo, lambda connection, _: _state(connection))


def known_versions() -> list[str]:
    """The versions of the schema that this version of Sayso knows, in order: the numbers of their files."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _in_database(conninfo: str, work: Callable[[psycopg.Connection[Any], Mapping[str, Any]], T]) -> T:
    """What ``work`` gives, of a connection and its parameters, where the user may use the tables that there are."""
    address = parse_address(conninfo)
    if address.ignored:
        names = ", ".join(address.ignored)
        _log.info("parameters of DATABASE_URL that mean nothing to Sayso are ignored", parameters=names)
    parameters = connection_parameters(address.parameters, connect_seconds=_CONNECT_SECONDS)
    with _connected(parameters) as connection:
        done = _attempt(connection, parameters, work)
    if isinstance(done, SaysoError):
        raise done
    return done


def _connected(parameters: Mapping[str, Any]) -> psycopg.Connection[Any]:
    """A connection; where the server refuses it, that is not tried for a minute as if it were away."""
    try:
        return psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        words = words_of(error)
    refusal = look_at_refusal(parameters, seconds=_CONNECT_SECONDS)
    kind = InvalidInput if refusal.is_lasting else ServiceUnavailable
    raise kind(f"The database cannot be reached: {words}.", hint=refusal.hint)


def _attempt(
    connection: psycopg.Connection[Any],
    parameters: Mapping[str, Any],
    work: Callable[[psycopg.Connection[Any], Mapping[str, Any]], T],
) -> T | SaysoError:
    """What ``work`` gives, or what kept it from being done; an error of psycopg's may hold what is secret."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in _ENCODINGS:
        return InvalidInput(
            f"The encoding of the database is {encoding}, in which not every text can be kept.",
            hint="Have another made for Sayso: CREATE DATABASE sayso ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;",
        )
    try:
        done = work(connection, parameters)
        if not lacks_privileges(connection):
            return done
        words = "permission denied for its tables"
    except psycopg.errors.InsufficientPrivilege as error:
        words = words_of(error)
    except psycopg.Error as error:
        return ServiceUnavailable(f"The database cannot be brought up to date: {words_of(error)}.")
    return InvalidInput(f"The database cannot be brought up to date: {words}.", hint=privileges_hint(connection))


def _state(connection: psycopg.Connection[Any]) -> SchemaState:
    """How far the tables are; those of a version that is not known here are newer, and nothing is pending."""
    found: set[str] = set()
    if connection.execute(f"select to_regclass('{SCHEMA}.migrations')").fetchone() != (None,):
        found = {version for (version,) in connection.execute(f"select version_num from {SCHEMA}.migrations")}  # noqa: S608 -- a constant
    known = known_versions()
    if not found:
        return SchemaState(version=None, pending=tuple(known))
    version = max(found)
    pending = known[known.index(version) + 1 :] if version in known else []
    return SchemaState(version=version, pending=tuple(pending))


def _upgrade(parameters: Mapping[str, Any]) -> Migration:
    """Have Alembic do it, in a transaction that processes take in turns.

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
            if driver.execute(f"select to_regnamespace('{SCHEMA}')").fetchone() == (None,):
                driver.execute(f"create schema {SCHEMA}")  # even "if not exists" needs a privilege on the database
            before = _state(driver)
            if before.pending:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            after = _state(driver).version
            assert after is not None  # noqa: S101 -- there are tables now
            return Migration(before=before.version, after=after, applied=before.pending)
    except exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
    finally:
        engine.dispose()
