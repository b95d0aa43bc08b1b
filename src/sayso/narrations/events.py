"""Following narrations: many clients are told of every change, by one look at the store at a time.

Whoever follows costs no connection and no query of its own. One task looks for changes of all narrations that are
followed: when the store hints at one, and every second, because a hint may be lost. Each follower holds the latest
state that it has not been told, and nothing more, so that a client that reads slowly delays and fills nothing.
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
"""How late a change is told, at most, when no hint of it comes."""

REST_SECONDS = 0.1
"""The least time between two looks: changes that come together are seen together."""


class Subscription:
    """Somebody who is told how a narration goes, while its block lasts; on one loop.

    Args:
        following: who tells.
        record: the narration as it is known.
        seen: the latest event that was told already.
    """

    def __init__(self, following: ChangeBroadcaster, record: NarrationRecord, seen: int) -> None:
        self._following = following
        self._narration_id = record.id
        self._seen = seen
        self._latest: NarrationRecord | None = None
        self._is_over = False
        self._wake = asyncio.Event()
        self.tell(record)

    def tell(self, record: NarrationRecord) -> None:
        """Keep a state to be asked for, in place of any older one."""
        if record.event_id > self._seen:
            self._seen = record.event_id
            self._latest = record
            self._wake.set()

    def end(self) -> None:
        """Tell no more."""
        self._is_over = True
        self._wake.set()

    async def next(self, timeout_seconds: float) -> NarrationRecord | None:
        """The latest state that was not told before, as soon as there is one; None when there was none for so long.

        Raises:
            Cancelled: nobody will tell any more, since the process ends.
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
        self._following.leave(self._narration_id, self)


@dataclass(kw_only=True, slots=True)
class _Followed:
    """A narration, and who follows it."""

    record: NarrationRecord
    followers: set[Subscription] = field(default_factory=set)


class ChangeBroadcaster:
    """Looks for changes while there are followers; belongs to the loop that it is used on.

    Args:
        store: where narrations are.
        poll_seconds: how often to look where no hint comes.
        rest_seconds: the least time between two looks.
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
        self._followed: dict[str, _Followed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def followers(self) -> int:
        """How many there are; any thread may ask."""
        return sum(len(followed.followers) for followed in list(self._followed.values()))

    def follow(self, record: NarrationRecord, *, seen: int = 0) -> Subscription:
        """A follower of a narration, to be used as a block.

        Args:
            record: the narration as it was just read.
            seen: the latest event that was told before; the first state that is told is a later one.

        Raises:
            Cancelled: the process ends.
        """
        if self._is_closed:
            raise Cancelled("The server is about to stop.")
        followed = self._followed.setdefault(record.id, _Followed(record=record))
        self._tell(record)
        follower = Subscription(self, followed.record, seen)
        followed.followers.add(follower)
        if self._looking is None:
            self._looking = asyncio.create_task(self._poll_forever())
        return follower

    def leave(self, narration_id: str, follower: Subscription) -> None:
        """Have a follower told no more; looking ends with the last one."""
        followed = self._followed.get(narration_id)
        if followed is None:
            return
        followed.followers.discard(follower)
        if not followed.followers:
            del self._followed[narration_id]
        if not self._followed and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def close(self) -> None:
        """Let every follower go, and take no more."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        for followed in self._followed.values():
            for follower in followed.followers:
                follower.end()

    def _tell(self, record: NarrationRecord) -> None:
        followed = self._followed.get(record.id)
        if followed is not None and record.event_id > followed.record.event_id:
            followed.record = record
            for follower in followed.followers:
                follower.tell(record)

    async def _poll_forever(self) -> None:
        hint = asyncio.create_task(self._store.hint())
        try:
            while True:
                await asyncio.sleep(0)  # the hint is waited for before the look, which then misses nothing
                await self._look()
                await self._sleep(self._rest_seconds)
                await asyncio.wait({hint}, timeout=self._poll_seconds)
                if hint.done():
                    hint.result()
                    hint = asyncio.create_task(self._store.hint())
        except Exception:
            # Those who follow come back, and have somebody look again.
            self._looking = None
            self._end()
            raise
        finally:
            hint.cancel()

    async def _look(self) -> None:
        seen = {name: followed.record.event_id for name, followed in self._followed.items()}
        try:
            for record in await self._store.changes(seen):
                self._tell(record)
        except ServiceUnavailable as error:
            _log.warning("changes of narrations cannot be seen", reason=error.message)
