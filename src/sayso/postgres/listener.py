"""The connection that receives notifications, and verifies that it still does.

A dead connection looks like one without traffic. So the listener regularly sends itself a notification by another
connection, and reconnects when it does not arrive.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg import sql

from sayso.resilience.retry_policies import LISTEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_log = structlog.get_logger(__name__)

_LONGEST_ANSWER_SECONDS = 3.0
"""The time limit of a probe, unless the next one is due earlier."""


class Channel(StrEnum):
    """The channels of notifications.

    Attributes:
        JOBS: there is a job; the payload is its queue.
        REVOKED: leases were revoked.
        EVENTS: there is an event; the payload is its parent.
        CARDS: there is a cards job in an application's table; the payload is its schema.
    """

    JOBS = "sayso_jobs"
    REVOKED = "sayso_revoked"
    EVENTS = "sayso_events"
    CARDS = "sayso_cards"


class Listener:
    """Calls the subscribers of a channel, on the event loop of `run`, while that runs.

    Notifications that come while the connection is lost are missed. After a reconnection, every subscriber is called
    with the payload ``""``, which stands for any.

    Args:
        connect: opens a connection.
        notify: sends a notification to a channel, soon.
        probe_seconds: the time between probes of the connection.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection[Any]]],
        notify: Callable[[str], None],
        *,
        probe_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_receiving = False
        """Whether its last probe, a notification to itself, has arrived."""
        self._connect = connect
        self._notify = notify
        self._probe_seconds = probe_seconds
        self._answer_seconds = min(probe_seconds, _LONGEST_ANSWER_SECONDS)
        self._clock = clock
        self._probe = f"sayso_probe_{secrets.token_hex(8)}"
        self._calls: dict[Channel, list[Callable[[str], None]]] = {channel: [] for channel in Channel}

    def on(self, channel: Channel, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call ``callback`` with the payload of each notification; returns a function that ends the subscription."""
        calls = self._calls[channel]
        calls.append(callback)

        def end() -> None:
            if callback in calls:
                calls.remove(callback)

        return end

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        while True:
            reason = "its probe did not come back"
            try:
                await self._listen()
            except psycopg.Error as error:
                reason = " ".join(str(error).split())
            except TimeoutError:
                reason = "the database did not answer"
            failures = 1 if self.is_receiving else failures + 1
            self.is_receiving = False
            if failures == 1:
                _log.warning("notifications are not heard for a while; looking instead", reason=reason)
            await asyncio.sleep(LISTEN.pause_seconds(failures))

    async def _listen(self) -> None:
        """Listen on a separate connection, and return when that receives nothing any more."""
        connection = await self._connect()
        try:
            async with asyncio.timeout(_LONGEST_ANSWER_SECONDS):
                for channel in (*Channel, self._probe):
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            for channel in Channel:
                self._call(channel, "")
            while await self._is_probed(connection):
                self.is_receiving = True
                await self._receive(connection, self._probe_seconds)
        finally:
            await connection.close()

    async def _is_probed(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        self._notify(self._probe)
        return await self._receive(connection, self._answer_seconds, until=self._probe)

    async def _receive(self, connection: psycopg.AsyncConnection[Any], seconds: float, *, until: str = "") -> bool:
        """Dispatch notifications for so long, or until one of a channel comes, and return whether that came."""
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            notices: Sequence[psycopg.Notify] = [
                notice async for notice in connection.notifies(timeout=left, stop_after=1)
            ]
            for notice in notices:
                if notice.channel != self._probe:
                    self._call(Channel(notice.channel), notice.payload)
            if until in {notice.channel for notice in notices}:
                return True
        return False

    def _call(self, channel: Channel, payload: str) -> None:
        for callback in tuple(self._calls[channel]):
            callback(payload)
