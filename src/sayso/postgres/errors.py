"""Translate psycopg's errors into Sayso's."""

from __future__ import annotations

import psycopg

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.resilience.retry import RetryableError


def failure_of(error: psycopg.Error) -> SaysoError | RetryableError:
    """The error to raise instead of one of psycopg's, which may contain secrets and must not become its cause."""
    if isinstance(error, psycopg.DataError):
        return InvalidInput(f"The database cannot keep this: {message_of(error)}.")
    if isinstance(error, psycopg.IntegrityError):
        return InvalidInput(f"The database refuses this: {message_of(error)}.")
    failure = ServiceUnavailable(f"The database cannot be used: {message_of(error)}.")
    may_pass = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or is_connection_error(error)
    return RetryableError(failure) if may_pass else failure


def is_connection_error(error: psycopg.Error) -> bool:
    """Whether another connection may succeed, judged by the error's SQLSTATE.

    Either the server ends this one (class 57P), or a proxy has lost the server (class 08), or the server has become a
    standby while the connection stayed: 25006, at which nothing was done.
    """
    return (error.sqlstate or "").startswith(("57P", "08", "25006"))


def message_of(error: psycopg.Error) -> str:
    """The error's message, without the data that its details may hold."""
    return " ".join((error.diag.message_primary or str(error) or type(error).__name__).split()).rstrip(".")
