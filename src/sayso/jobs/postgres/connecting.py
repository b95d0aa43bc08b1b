"""What passes on connections to the database, what they are opened with, and how one is cut off that is silent."""

from __future__ import annotations

import math
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = dict[str, Any]
Connection: TypeAlias = psycopg.AsyncConnection[Row]


def cut_off(connection: Connection) -> None:
    """End a connection from outside: whoever waits for it finds that it is closed."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def connection_parameters(
    given: Mapping[str, str], *, connect_seconds: float, statement_seconds: float | None
) -> dict[str, Any]:
    """What connections are opened with; what the user gives goes before what is set here, but for the last three.

    Args:
        given: the parts of the user's conninfo.
        connect_seconds: how long a connection may take to be made.
        statement_seconds: after which the server gives a statement up; None where it cannot be told.
    """
    own = {
        "application_name": "sayso",
        "connect_timeout": max(1, math.ceil(connect_seconds)),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    if statement_seconds is not None:
        options = f"{given.get('options', '')} -c statement_timeout={round(1000 * statement_seconds)}"
        given = {**given, "options": options.strip()}
    # Statements are not prepared on the server: a plan made for any number of rows can be a bad one for few, and
    # PgBouncer gives each transaction another connection.
    return {**own, **given, "autocommit": True, "prepare_threshold": None, "row_factory": dict_row}


def storable(text: str) -> str:
    """A text as PostgreSQL can keep it: without NUL, and with ``?`` for half of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()
