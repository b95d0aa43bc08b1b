"""Open database connections, bound their statements, and close connections that do not answer."""

from __future__ import annotations

import math
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg import pq, sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import LiteralString, Self

Row: TypeAlias = dict[str, Any]
Connection: TypeAlias = psycopg.AsyncConnection[Row]
Statement: TypeAlias = "LiteralString | sql.SQL | sql.Composed"

_SET_UP = """
select set_config('statement_timeout', %(milliseconds)s, false), set_config('DateStyle', 'ISO', false)
where pg_backend_pid() = %(pid)s
"""

_NEVER_UNASKED = 2**31
"""After so many executions psycopg prepares a statement by itself."""


class WatchedConnection(psycopg.AsyncConnection[Row]):
    """A connection that reports attempts to connect: the pool connects in the background, and reports no failure."""

    @classmethod
    async def connect(  # type: ignore[override]
        cls, conninfo: str = "", *, on_attempt: Callable[[psycopg.Error | None], None], **parameters: Any
    ) -> Self:
        """As psycopg's.

        Args:
            conninfo: see psycopg.
            on_attempt: called with the error; with None when it succeeded.
            parameters: see psycopg.
        """
        try:
            connection = await super().connect(conninfo, **parameters)
        except psycopg.Error as error:
            on_attempt(error)
            raise
        on_attempt(None)
        return connection


def cut_off(connection: Connection) -> None:
    """Close a connection from outside: a call that waits for it fails."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def connection_parameters(given: Mapping[str, str], *, connect_seconds: float) -> dict[str, Any]:
    """The parameters for new connections, for libpq; the user's parameters have priority over those set here.

    They include none that PgBouncer refuses in its default settings, such as ``options``.

    Args:
        given: the parameters of the user's address.
        connect_seconds: the time limit for making a connection.
    """
    own: dict[str, Any] = {
        "application_name": "sayso",
        "connect_timeout": max(1, math.ceil(connect_seconds)),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    if _default("target_session_attrs") == "any":
        # Of several servers, or those behind one name, the writable one; a standby is an error at once.
        own["target_session_attrs"] = "read-write"
    # Whatever the database's own encoding is, no text is misread: see `sayso.postgres.migrate`.
    return {**own, **given, "client_encoding": "UTF8"}


def own_parameters() -> dict[str, Any]:
    """The parameters of psycopg itself, for every connection that runs statements.

    Statements are not prepared on the server by themselves: a plan for any number of rows can be a bad one for few, and
    PgBouncer gives each transaction another connection. See `allow_preparing`.
    """
    return {"autocommit": True, "prepare_threshold": None, "row_factory": dict_row}


async def set_up(connection: Connection, *, statement_seconds: float) -> bool:
    """Make the server end statements that take too long, and write times as psycopg reads them.

    This is for a connection that is not shared.

    Behind PgBouncer in transaction mode it is shared, as the number of its process shows; a setting would persist for
    others. There a statement ends when its connection is closed.

    Returns:
        Whether the connection is not shared.
    """
    values = {"milliseconds": str(round(1000 * statement_seconds)), "pid": connection.info.backend_pid}
    cursor = await connection.execute(_SET_UP, values)
    return await cursor.fetchone() is not None


def allow_preparing(connection: Connection) -> None:
    """Let statements be prepared for which that is asked, and no others; for a connection that is not shared."""
    connection.prepare_threshold = _NEVER_UNASKED


def _default(name: str) -> str:
    """Libpq's value for a parameter that the address does not give: its default, or that of its variables."""
    values = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults()}
    return (values[name] or b"").decode()


def storable(text: str) -> str:
    """A text that PostgreSQL can store: without NUL, and with ``?`` for lone surrogates."""
    return text.replace("\0", "").encode(errors="replace").decode()
