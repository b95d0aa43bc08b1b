"""Broadcast the changes of records, such as narrations, to many subscribers, with one query at a time.

A subscriber costs no connection and no query of its own. One task queries the changes of all records that have
subscribers: when the source notifies a change, and every second, because a notification may be lost. Each subscription
holds only the latest state that has not been delivered, so a client that reads slowly delays nothing and fills no
queue.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import structlog

from sayso.errors import Cancelled, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

_log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The largest delay of a change without a notification."""

REST_SECONDS = 0.1
"""The shortest time between two queries, so that changes that come together are read together."""


class Record(Protocol):
    """The state of something that changes."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def event_id(self) -> int:
        """The latest event about it; grows with each change."""
        ...


R = TypeVar("R", bound=Record)
Record_co = TypeVar("Record_co", bound=Record, covariant=True)


class ChangeSource(Protocol[Record_co]):
    """Where changes are seen."""

    async def changes(self, seen: Mapping[str, int]) -> Sequence[Record_co]:
        """Those of these records that have a later event than the known one.

        Args:
            seen: the latest known event of each record.

        Raises:
            ServiceUnavailable: the changes cannot be seen now.
        """
        ...

    async def wait_for_change(self) -> None:
        """Return when some record may have changed: a reason to query now. May never return, and never fails."""
        ...


class Subscription(Generic[R]):
    """A subscription to one record, for the length of its block; on one loop.

    Args:
        broadcaster: delivers the changes.
        record: the current state.
        seen: the latest event that was delivered already.
    """

    def __init__(self, broadcaster: ChangeBroadcaster[R], record: R, seen: int) -> None:
        self._broadcaster = broadcaster
        self._record_id = record.id
        self._seen = seen
        self._latest: R | None = None
        self._is_over = False
        self._wake = asyncio.Event()
        self.deliver(record)

    def deliver(self, record: R) -> None:
        """Store a state for delivery, in place of any older one."""
        if record.event_id > self._seen:
            self._seen = record.event_id
            self._latest = record
            self._wake.set()

    def end(self) -> None:
        """Deliver no more states."""
        self._is_over = True
        self._wake.set()

    async def next(self, timeout_seconds: float) -> R | None:
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
        self._broadcaster.unsubscribe(self._record_id, self)


@dataclass(kw_only=True, slots=True)
class _Followed(Generic[R]):
    """A record and its subscriptions."""

    record: R
    subscriptions: set[Subscription[R]] = field(default_factory=set)


def _log_outage(error: ServiceUnavailable) -> None:
    _log.warning("changes cannot be seen", reason=error.message)


class ChangeBroadcaster(Generic[R]):
    """Queries changes while there are subscribers; belongs to the loop on which it is used.

    Args:
        source: of the changes.
        on_outage: called when a query fails, which is repeated.
        poll_seconds: how often to query without a notification.
        rest_seconds: the shortest time between two queries.
        sleep: waits for that time.
    """

    def __init__(
        self,
        source: ChangeSource[R],
        *,
        on_outage: Callable[[ServiceUnavailable], None] = _log_outage,
        poll_seconds: float = POLL_SECONDS,
        rest_seconds: float = REST_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._on_outage = on_outage
        self._poll_seconds = poll_seconds
        self._rest_seconds = rest_seconds
        self._sleep = sleep
        self._followed: dict[str, _Followed[R]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def subscriptions(self) -> int:
        """The number of subscriptions; any thread may call this."""
        return sum(len(followed.subscriptions) for followed in list(self._followed.values()))

    def follow(self, record: R, *, seen: int = 0) -> Subscription[R]:
        """Subscribe to a record; use the subscription as a block.

        Args:
            record: as it was just read.
            seen: the latest event that was delivered before; only later states are delivered.

        Raises:
            Cancelled: the process ends.
        """
        if self._is_closed:
            raise Cancelled("The server is about to stop.")
        followed = self._followed.setdefault(record.id, _Followed(record=record))
        self._broadcast(record)
        subscription = Subscription(self, followed.record, seen)
        followed.subscriptions.add(subscription)
        if self._looking is None:
            self._looking = asyncio.create_task(self._poll_forever())
        return subscription

    def unsubscribe(self, record_id: str, subscription: Subscription[R]) -> None:
        """Remove a subscription; the queries end with the last one."""
        followed = self._followed.get(record_id)
        if followed is None:
            return
        followed.subscriptions.discard(subscription)
        if not followed.subscriptions:
            del self._followed[record_id]
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

    def _broadcast(self, record: R) -> None:
        followed = self._followed.get(record.id)
        if followed is not None and record.event_id > followed.record.event_id:
            followed.record = record
            for subscription in followed.subscriptions:
                subscription.deliver(record)

    async def _poll_forever(self) -> None:
        hint = asyncio.create_task(self._source.wait_for_change())
        try:
            while True:
                await asyncio.sleep(0)  # waiting for the notification starts before the query, so none is missed
                await self._query()
                await self._sleep(self._rest_seconds)
                await asyncio.wait({hint}, timeout=self._poll_seconds)
                if hint.done():
                    hint.result()
                    hint = asyncio.create_task(self._source.wait_for_change())
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
            for record in await self._source.changes(seen):
                self._broadcast(record)
        except ServiceUnavailable as error:
            self._on_outage(error)
