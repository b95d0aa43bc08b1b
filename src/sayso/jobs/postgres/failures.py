"""What psycopg says, in Sayso's errors."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable


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


def parsed_conninfo(conninfo: str) -> dict[str, str]:
    """The parts of a connection string or URL.

    Raises:
        InvalidInput: it is none; nothing of it is repeated, since a password may be in it.
    """
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:
        parts = None
    if parts is None:
        raise InvalidInput(
            "DATABASE_URL is not the address of a PostgreSQL database.",
            hint="It looks like postgresql://user:password@host:5432/name; special characters as %40 and so on.",
        )
    return {name: str(value) for name, value in parts.items() if value is not None}


def words_of(error: psycopg.Error) -> str:
    """The error's own sentence, without the data that its details may hold."""
    return " ".join((error.diag.message_primary or str(error) or type(error).__name__).split()).rstrip(".")
