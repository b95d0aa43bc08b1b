"""Notifications to other processes, sent soon and several together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, Protocol

import structlog

from sayso.errors import ServiceUnavailable
from sayso.postgres.batcher import Batcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.postgres.connections import Row

_log = structlog.get_logger(__name__)

_LONGEST_PAYLOAD_BYTES = 7999

_NOTIFY = (
    "SELECT pg_notify(channel, payload) FROM unnest(%(channels)s::text[], %(payloads)s::text[]) n (channel, payload)"
)


class Fetch(Protocol):
    """Runs a statement in a transaction of its own."""

    async def __call__(
        self, statement: LiteralString, parameters: Mapping[str, Any], *, is_repeatable: bool
    ) -> Sequence[Row]:
        """See `Database.fetch`."""
        ...


class NotificationSender:
    """Sends notifications; belongs to one event loop.

    Args:
        fetch: runs a statement of the database.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._notifications: Batcher[tuple[str, str], None] = Batcher(self._send_all)

    def send(self, channel: str, payload: str) -> None:
        """Send a notification soon, without waiting for it; if it fails, the receivers find the change by polling.

        A notification within a transaction would make all commits of the server wait for one another, each for its
        write to the disk. A separate one writes nothing, and those that come while one is in progress are sent
        together.
        """
        if len(payload.encode()) > _LONGEST_PAYLOAD_BYTES:
            payload = ""
        self._notifications.add((channel, payload))

    async def drain(self) -> None:
        """Wait until all notifications are sent, or have failed."""
        await self._notifications.drain()

    async def _send_all(self, notifications: Sequence[tuple[str, str]]) -> Sequence[None]:
        distinct = list(dict.fromkeys(notifications))
        parameters = {
            "channels": [channel for channel, _ in distinct],
            "payloads": [payload for _, payload in distinct],
        }
        try:
            await self._fetch(_NOTIFY, parameters, is_repeatable=True)
        except ServiceUnavailable as error:
            _log.debug("a notification was not sent", reason=error.message)
        return [None] * len(notifications)
