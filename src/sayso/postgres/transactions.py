"""Statements of one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    """Run a statement, and return its rows: none if it has no result."""
    cursor = await connection.execute(statement, parameters)
    return await cursor.fetchall() if cursor.description else []
