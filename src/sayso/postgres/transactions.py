"""Statements of one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.postgres.connections import Connection, Row, Statement


class Transaction:
    """A transaction in progress: see `Database.transaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.notices: list[tuple[str, str]] = []
        """The channels and payloads of notifications that are sent after the commit."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Run a statement, and return its rows."""
        return await rows_of(self._connection, statement, parameters)

    def notify(self, channel: str, payload: str = "") -> None:
        """The same as `Database.notify`, after the commit."""
        self.notices.append((channel, payload))


_NOT_PREPARED = (
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.DuplicatePreparedStatement,
    psycopg.errors.FeatureNotSupported,
)
"""The server does not have, or cannot use any more, what this connection has prepared: there is a proxy between, or a
table has other columns. Nothing was done."""


async def rows_of(
    connection: Connection, statement: Statement, parameters: Mapping[str, Any], *, is_prepared: bool = False
) -> Sequence[Row]:
    """Run a statement, and return its rows: none if it has no result.

    Args:
        connection: outside of a transaction if ``is_prepared``.
        statement: in SQL, with ``%(name)s`` for parameters.
        parameters: by name.
        is_prepared: whether the server may parse and plan it once for the connection, where that is possible.

    Raises:
        InvalidInput: a value is JSON that is nested deeper than can be read.
    """
    try:
        cursor = await connection.execute(statement, parameters, prepare=is_prepared)
    except _NOT_PREPARED:
        if not is_prepared or connection.prepare_threshold is None:
            raise
        connection.prepare_threshold = None
        cursor = await connection.execute(statement, parameters)
    try:
        return await cursor.fetchall() if cursor.description else []
    except RecursionError:
        raise InvalidInput("A value in the database is JSON that is nested too deeply to be read.") from None
