"""Connections to one server that are used again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sayso.aws.s3_reader.connection import HttpConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.aws.s3_reader.sockets import Address

_MAXIMUM_IDLE_SECONDS = 15.0
"""Servers close idle connections; S3 after about 20 s."""


class ConnectionPool:
    """Connections to one server; any thread may use it. There are as many as are used at once.

    Args:
        address: of the server.
        connect_seconds: the time limit of connecting.
        read_seconds: the time limit of each wait for bytes.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        address: Address,
        *,
        connect_seconds: float,
        read_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._clock = clock
        self._idle: list[tuple[HttpConnection, float]] = []
        self._busy: set[HttpConnection] = set()
        self._lock = threading.Lock()

    def acquire(self, *, is_new: bool = False) -> HttpConnection:
        """A connection for one request; the caller must `release` it.

        Args:
            is_new: whether it must not be one that was idle.

        Raises:
            OSError: the server cannot be connected.
        """
        connection = (None if is_new else self._take()) or HttpConnection(
            self._address, connect_seconds=self._connect_seconds, read_seconds=self._read_seconds
        )
        with self._lock:
            self._busy.add(connection)
        return connection

    def release(self, connection: HttpConnection) -> None:
        """Keep a connection for the next request if its response was read to the end; otherwise close it."""
        with self._lock:
            self._busy.discard(connection)
            is_kept = connection.is_reusable
            if is_kept:
                self._idle.append((connection, self._clock()))
        if not is_kept:
            connection.close()

    def _take(self) -> HttpConnection | None:
        """The connection that was idle for the shortest time, if one is still open."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if self._clock() - since < _MAXIMUM_IDLE_SECONDS and not connection.is_stale():
                return connection
            connection.close()

    def abort(self) -> None:
        """End all requests that are under way, each with an error in its thread."""
        with self._lock:
            busy = list(self._busy)
        for connection in busy:
            connection.abort()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()
