"""Waiting for rows that notifications announce: NOTIFY makes it fast, polling makes it correct."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.postgres.notifier import Notifier

T = TypeVar("T")

_FIRST_HOLD_SECONDS, _LONGEST_HOLD_SECONDS = 0.005, 0.1
"""A worker that was notified and found nothing waits up to so long the next time, so that not all poll at once."""


class NotifiedPolling:
    """Polls when it is notified, and from time to time; for one event loop.

    Args:
        arrivals: is notified of new rows.
        clock: monotonic seconds.
    """

    def __init__(self, arrivals: Notifier, clock: Callable[[], float]) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._hold_seconds = 0.0

    async def find(
        self, claim: Callable[[], Awaitable[list[T]]], idle_seconds: Callable[[], Awaitable[float]], wait_seconds: float
    ) -> list[T]:
        """What ``claim`` finds, as soon as that is something; nothing after ``wait_seconds``.

        Args:
            claim: a poll.
            idle_seconds: the time until the next poll, unless there is a notification.
            wait_seconds: how long to wait.
        """
        give_up = self._clock() + wait_seconds
        is_woken = False
        while True:
            seen = self._arrivals.count
            found = await claim()
            left_seconds = give_up - self._clock()
            if found or left_seconds <= 0:
                self._hold_seconds = 0.0
                return found
            if is_woken:
                self._hold_seconds = min(max(2 * self._hold_seconds, _FIRST_HOLD_SECONDS), _LONGEST_HOLD_SECONDS)
            is_woken = await self._arrivals.wait(seen, seconds=min(left_seconds, await idle_seconds()))
            await asyncio.sleep(self._hold_seconds * random.random())  # noqa: S311 -- a moment, no secret
