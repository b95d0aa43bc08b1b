"""Migrate the schema ``sayso`` of a database; with Alembic, the only user of SQLAlchemy here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import structlog

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.postgres.address import parse_address
from sayso.postgres.connections import connection_parameters
from sayso.postgres.errors import message_of
from sayso.postgres.privileges import SCHEMA, lacks_privileges, privileges_hint
from sayso.postgres.refusal import diagnose_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    T = TypeVar("T")

_log = structlog.get_logger(__name__)

_LOCK = 0x5A50  # any unused number: processes that start together take turns
_MIGRATIONS = Path(__file__).parent / "migrations"
_CONNECT_SECONDS = 10

_ENCODINGS = frozenset({"UTF8", "SQL_ASCII"})
"""Encodings that can store any text; the latter stores any bytes, which are UTF-8."""

_BEGIN = f"set local lock_timeout = '60s'; select pg_advisory_xact_lock({_LOCK})"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaState:
    """The state of a schema.

    Attributes:
        version: of its tables; None without tables.
        pending: the migrations that this version of Sayso would apply, in order.
        contracting: those of them that take away what the previous version of Sayso needs: their files have the line
            ``CONTRACTS = True``.
    """

    version: str | None
    pending: tuple[str, ...]
    contracting: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """The result of `migrate`.

    Attributes:
        before: the previous version of the tables; None without tables.
        after: the current version.
        applied: the migrations that were applied, in order; empty if there was nothing to do.
    """

    before: str | None
    after: str
    applied: tuple[str, ...]


def migrate(conninfo: str) -> Migration:
    """Make the tables, or migrate those of an older version; blocks, so call it on a thread.

    Everything happens in one transaction. Tables of a newer version stay as they are: each version of Sayso works with
    those of the next one.

    Args:
        conninfo: the database, see `sayso.postgres.address`.

    Raises:
        InvalidInput: the conninfo is invalid, the server refuses its user, or the user lacks a privilege.
        ServiceUnavailable: the database does not answer, or cannot be written to.
    """

    def bring_up_to_date(connection: psycopg.Connection[Any], parameters: Mapping[str, Any]) -> Migration:
        # Usually there is nothing to do; to find that out, Alembic takes as long as the rest of a start.
        state = _state(connection)
        if state.version is None or state.pending:
            return _upgrade(parameters)
        return Migration(before=state.version, after=state.version, applied=())

    return _in_database(conninfo, bring_up_to_date)


def schema_state(conninfo: str) -> SchemaState:
    """The state of the schema; changes nothing. Blocks, so call it on a thread.

    Args:
        conninfo: the database, see `sayso.postgres.address`.

    Raises:
        InvalidInput: as for `migrate`, but privileges for making tables are not checked.
        ServiceUnavailable: the database does not answer.
    """
    return _in_database(conninfo, lambda connection, _: _state(connection))


def known_versions() -> list[str]:
    """The versions of the schema that this version of Sayso knows, in order: the numbers of their files."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def contracting_versions() -> list[str]:
    """The versions of the schema with which the version of Sayso before them cannot work, in order."""
    files = sorted((_MIGRATIONS / "versions").glob("[0-9]*.py"))
    contracting = (path for path in files if "CONTRACTS = True" in path.read_text(encoding="utf-8").splitlines())
    return [path.name.partition("_")[0] for path in contracting]


def _in_database(conninfo: str, work: Callable[[psycopg.Connection[Any], Mapping[str, Any]], T]) -> T:
    """The result of ``work`` with a connection and its parameters, if the user may use the existing tables."""
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
    """A connection; if the server refuses it, that is an error at once, without a minute of retries."""
    try:
        return psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        words = message_of(error)
    refusal = diagnose_refusal(parameters, seconds=_CONNECT_SECONDS)
    kind = InvalidInput if refusal.is_lasting else ServiceUnavailable
    raise kind(f"The database cannot be reached: {words}.", hint=refusal.hint)


def _attempt(
    connection: psycopg.Connection[Any],
    parameters: Mapping[str, Any],
    work: Callable[[psycopg.Connection[Any], Mapping[str, Any]], T],
) -> T | SaysoError:
    """The result of ``work``, or the reason for its failure; an error of psycopg may contain secrets."""
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
        words = message_of(error)
    except psycopg.Error as error:
        return ServiceUnavailable(f"The database cannot be brought up to date: {message_of(error)}.")
    return InvalidInput(f"The database cannot be brought up to date: {words}.", hint=privileges_hint(connection))


def _state(connection: psycopg.Connection[Any]) -> SchemaState:
    """The state of the tables; those of an unknown version are newer, and nothing is pending."""
    found: set[str] = set()
    if connection.execute(f"select to_regclass('{SCHEMA}.migrations')").fetchone() != (None,):
        found = {version for (version,) in connection.execute(f"select version_num from {SCHEMA}.migrations")}  # noqa: S608 -- a constant
    known = known_versions()
    if not found:  # nothing works with these tables yet
        return SchemaState(version=None, pending=tuple(known))
    version = max(found)
    pending = known[known.index(version) + 1 :] if version in known else []
    contracting = tuple(each for each in contracting_versions() if each in pending)
    return SchemaState(version=version, pending=tuple(pending), contracting=contracting)


def _upgrade(parameters: Mapping[str, Any]) -> Migration:
    """Run Alembic in a transaction; processes take turns.

    Raises:
        psycopg.Error: of the database.
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
