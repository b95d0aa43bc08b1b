"""What psycopg says, in Sayso's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


class AskAgain(Exception):
    """The database could not be asked, or did not answer, in a way that may pass.

    Attributes:
        failure: what is raised when nobody asks again.
    """

    def __init__(self, failure: ServiceUnavailable) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: psycopg.Error) -> SaysoError | AskAgain:
    """What to raise in place of an error of psycopg, which may hold what is secret: it is not to be its cause."""
    if isinstance(error, psycopg.DataError):
        return InvalidInput(f"The database cannot keep this: {words_of(error)}.")
    failure = ServiceUnavailable(f"The database cannot be used: {words_of(error)}.")
    may_pass = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return AskAgain(failure) if may_pass else failure


def is_end(error: psycopg.Error) -> bool:
    """Whether the server says that it ends the connection: SQLSTATE 57P01 and its like."""
    return (error.sqlstate or "").startswith("57P")


def parsed_conninfo(conninfo: str) -> dict[str, str]:
    """The parts of a connection string or URL.

    Raises:
        InvalidInput: it is none; nothing of it is repeated, since a password may be in it.
    """
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:
        parts = None
    if parts is None or not _is_plausible(parts):
        raise InvalidInput(
            "DATABASE_URL is not the address of a PostgreSQL database.",
            hint="It looks like postgresql://user:password@host:5432/name; special characters as %40 and so on.",
        )
    return {name: str(value) for name, value in parts.items() if value is not None}


def _is_plausible(parts: Mapping[str, Any]) -> bool:
    """Whether no piece of a password, in which a character was not escaped, was taken for the host or the port."""
    host, port = str(parts.get("host") or ""), str(parts.get("port") or "")
    return "@" not in host[1:] and all(number.isdecimal() or not number for number in port.split(","))


def words_of(error: psycopg.Error) -> str:
    """The error's own sentence, without the data that its details may hold."""
    return " ".join((error.diag.message_primary or str(error) or type(error).__name__).split()).rstrip(".")
