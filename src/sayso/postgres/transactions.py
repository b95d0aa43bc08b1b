"""Statements of one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


async def rows_of(connection: Connection, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Row]:
    """Run a statement, and return its rows: none if it has no result.

    Raises:
        InvalidInput: a value is JSON that is nested deeper than can be read.
    """
    cursor = await connection.execute(statement, parameters)
    try:
        return await cursor.fetchall() if cursor.description else []
    except RecursionError:
        raise InvalidInput("A value in the database is JSON that is nested too deeply to be read.") from None
