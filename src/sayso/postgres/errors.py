"""The errors of psycopg as those of Sayso."""

from __future__ import annotations

import psycopg

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.resilience.retry import RetryableError


def failure_of(error: psycopg.Error) -> SaysoError | RetryableError:
    """What to raise in place of an error of psycopg, which may hold what is secret: it is not to be its cause."""
    if isinstance(error, psycopg.DataError):
        return InvalidInput(f"The database cannot keep this: {words_of(error)}.")
    failure = ServiceUnavailable(f"The database cannot be used: {words_of(error)}.")
    may_pass = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or is_of_the_connection(error)
    return RetryableError(failure) if may_pass else failure


def is_of_the_connection(error: psycopg.Error) -> bool:
    """Whether another connection may be better off, by the error's SQLSTATE.

    The server ends this one (class 57P), or something between has lost the server (class 08), or it is a standby, to
    which the primary turned while the connection stayed: 25006, at which nothing was done.
    """
    return (error.sqlstate or "").startswith(("57P", "08", "25006"))


def words_of(error: psycopg.Error) -> str:
    """The error's own sentence, without the data that its details may hold."""
    return " ".join((error.diag.message_primary or str(error) or type(error).__name__).split()).rstrip(".")
