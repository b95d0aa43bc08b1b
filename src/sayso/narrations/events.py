"""Broadcast the changes of narrations to many subscribers, with one query at a time.

A subscriber costs no connection and no query of its own. One task queries the changes of all narrations that have
subscribers: when the store notifies a change, and every second, because a notification may be lost. Each subscription
holds only the latest state that has not been delivered, so a client that reads slowly delays nothing and fills no
queue.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import structlog

from sayso.errors import Cancelled, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from sayso.narrations import NarrationRecord, NarrationStore

_log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The largest delay of a change without a notification."""

REST_SECONDS = 0.1
"""The shortest time between two queries, so that changes that come together are read together."""


class Subscription:
    """A subscription to one narration, for the length of its block; on one loop.

    Args:
        broadcaster: delivers the changes.
        record: the current state of the narration.
        seen: the latest event that was delivered already.
    """

    def __init__(self, broadcaster: ChangeBroadcaster, record: NarrationRecord, seen: int) -> None:
        self._broadcaster = broadcaster
        self._narration_id = record.id
        self._seen = seen
        self._latest: NarrationRecord | None = None
        self._is_over = False
        self._wake = asyncio.Event()
        self.deliver(record)

    def deliver(self, record: NarrationRecord) -> None:
        """Store a state for delivery, in place of any older one."""
        if record.event_id > self._seen:
            self._seen = record.event_id
            self._latest = record
            self._wake.set()

    def end(self) -> None:
        """Deliver no more states."""
        self._is_over = True
        self._wake.set()

    async def next(self, timeout_seconds: float) -> NarrationRecord | None:
        """The latest undelivered state, as soon as there is one; None after the timeout.

        Raises:
            Cancelled: there will be no more states, because the process ends.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._wake.wait()
        except TimeoutError:
            return None
        if self._is_over:
            raise Cancelled("The server is about to stop.")
        self._wake.clear()
        latest, self._latest = self._latest, None
        return latest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broadcaster.unsubscribe(self._narration_id, self)


@dataclass(kw_only=True, slots=True)
class _FollowedNarration:
    """A narration and its subscriptions."""

    record: NarrationRecord
    subscriptions: set[Subscription] = field(default_factory=set)


class ChangeBroadcaster:
    """Queries changes while there are subscribers; belongs to the loop on which it is used.

    Args:
        store: of the narrations.
        poll_seconds: how often to query without a notification.
        rest_seconds: the shortest time between two queries.
        sleep: waits for that time.
    """

    def __init__(
        self,
        store: NarrationStore,
        *,
        poll_seconds: float = POLL_SECONDS,
        rest_seconds: float = REST_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._rest_seconds = rest_seconds
        self._sleep = sleep
        self._followed: dict[str, _FollowedNarration] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def subscriptions(self) -> int:
        """The number of subscriptions; any thread may call this."""
        return sum(len(followed.subscriptions) for followed in list(self._followed.values()))

    def follow(self, record: NarrationRecord, *, seen: int = 0) -> Subscription:
        """Subscribe to a narration; use the subscription as a block.

        Args:
            record: the narration as it was just read.
            seen: the latest event that was delivered before; only later states are delivered.

        Raises:
            Cancelled: the process ends.
        """
        if self._is_closed:
            raise Cancelled("The server is about to stop.")
        followed = self._followed.setdefault(record.id, _FollowedNarration(record=record))
        self._broadcast(record)
        subscription = Subscription(self, followed.record, seen)
        followed.subscriptions.add(subscription)
        if self._looking is None:
            self._looking = asyncio.create_task(self._poll_forever())
        return subscription

    def unsubscribe(self, narration_id: str, subscription: Subscription) -> None:
        """Remove a subscription; the queries end with the last one."""
        followed = self._followed.get(narration_id)
        if followed is None:
            return
        followed.subscriptions.discard(subscription)
        if not followed.subscriptions:
            del self._followed[narration_id]
        if not self._followed and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def close(self) -> None:
        """End all subscriptions, and accept no more."""
        self._is_closed = True
        self._end_all()

    def _end_all(self) -> None:
        for followed in self._followed.values():
            for subscription in followed.subscriptions:
                subscription.end()

    def _broadcast(self, record: NarrationRecord) -> None:
        followed = self._followed.get(record.id)
        if followed is not None and record.event_id > followed.record.event_id:
            followed.record = record
            for subscription in followed.subscriptions:
                subscription.deliver(record)

    async def _poll_forever(self) -> None:
        hint = asyncio.create_task(self._store.wait_for_change())
        try:
            while True:
                await asyncio.sleep(0)  # waiting for the notification starts before the query, so none is missed
                await self._query()
                await self._sleep(self._rest_seconds)
                await asyncio.wait({hint}, timeout=self._poll_seconds)
                if hint.done():
                    hint.result()
                    hint = asyncio.create_task(self._store.wait_for_change())
        except Exception:
            # Clients reconnect, and their new subscription starts the task again.
            self._looking = None
            self._end_all()
            raise
        finally:
            hint.cancel()

    async def _query(self) -> None:
        seen = {name: followed.record.event_id for name, followed in self._followed.items()}
        try:
            for record in await self._store.changes(seen):
                self._broadcast(record)
        except ServiceUnavailable as error:
            _log.warning("changes of narrations cannot be seen", reason=error.message)
