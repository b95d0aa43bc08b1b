"""NOTIFY, as a hint: what is heard makes things quick, and what is missed costs a second.

A connection may be half open: the peer is gone, and nothing tells. So the listener speaks to itself now and then, and
connects anew when it does not hear that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import structlog
from psycopg import AsyncConnection, Error, sql

from sayso.jobs.backoff import backoff_seconds
from sayso.jobs.postgres.database import checked_conninfo, connection_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_log = structlog.get_logger(__name__)

_PROBE_SECONDS = 15.0
_ANSWER_SECONDS = 5.0


class Hints:
    """Listens on some channels with a connection of its own; belongs to the event loop that enters it.

    Args:
        conninfo: where the database is.
        channels: what to listen to.
        probe_seconds: how often it speaks to itself.
        answer_seconds: how long it waits to hear itself.
    """

    def __init__(
        self,
        conninfo: str,
        channels: Sequence[str],
        *,
        probe_seconds: float = _PROBE_SECONDS,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._conninfo = checked_conninfo(conninfo)
        self._events = {channel: asyncio.Event() for channel in channels}
        self._probe = f"sayso_probe_{uuid4().hex}"
        self._probe_seconds = probe_seconds
        self._answer_seconds = answer_seconds
        self._task: asyncio.Task[None] | None = None
        self.connections = 0
        """How often it has connected."""

    def next(self, channel: str) -> asyncio.Event:
        """Set when something is heard on the channel after this call, or may have been missed."""
        event = self._events[channel]
        if event.is_set():
            event = self._events[channel] = asyncio.Event()
        return event

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen_for_ever())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _listen_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(self._answer_seconds):
                    connection = await AsyncConnection.connect(self._conninfo, **connection_options())
                self.connections += 1
                async with connection:
                    failures = 0
                    await self._listen(connection)
            except (Error, OSError, TimeoutError) as error:
                failures += 1
                log = _log.info if failures == 1 else _log.debug
                log("the listener connects anew", reason=type(error).__name__)
            self._wake()  # something may have been missed
            await asyncio.sleep(backoff_seconds(max(failures, 1), first_seconds=0.2, longest_seconds=10))

    async def _listen(self, connection: AsyncConnection[tuple[object, ...]]) -> None:
        """Until the connection breaks, or does not carry what is said on it.

        Raises:
            Error, TimeoutError: as it breaks.
        """
        for channel in (*self._events, self._probe):
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        self._wake()
        while True:
            await self._hear(connection, self._probe_seconds)
            async with asyncio.timeout(self._answer_seconds):
                await connection.execute("select pg_notify(%s, '')", (self._probe,))
                if not await self._hear(connection, self._answer_seconds, until=self._probe):
                    raise TimeoutError("it does not hear itself")

    async def _hear(
        self, connection: AsyncConnection[tuple[object, ...]], seconds: float, *, until: str | None = None
    ) -> bool:
        """Pass on what is heard, for so long or until a channel speaks, and return whether that did."""
        async for notification in connection.notifies(timeout=seconds):
            if notification.channel == until:
                return True
            if notification.channel in self._events:
                self._events[notification.channel].set()
        return False

    def _wake(self) -> None:
        for event in self._events.values():
            event.set()
