"""Wait for other threads, tasks, processes and servers.

A test that sleeps and then checks, or checks at once, is unreliable. It waits for a condition instead, for as long as a
busy machine may need, and reports the condition that did not hold.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

WAIT_SECONDS = 120.0
"""For conditions that hold soon: only a defect takes so long."""

_LOOK_SECONDS = 0.005
_LONGEST_LOOK_SECONDS = 0.05
"""Most conditions ask a server, and tests that wait long must leave the processors to what they wait for."""


def wait_until(condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: it does not, after so many seconds.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, _never(condition, seconds)
        time.sleep(_pause_seconds(give_up, seconds))


async def until(condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
    """The same on an event loop, which goes on meanwhile."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, _never(condition, seconds)
        await asyncio.sleep(_pause_seconds(give_up, seconds))


async def until_true(condition: Callable[[], Awaitable[object]], *, seconds: float = WAIT_SECONDS) -> None:
    """The same for a condition that is asked of a server or a database: until it is not false, zero or empty."""
    give_up = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < give_up, _never(condition, seconds)
        await asyncio.sleep(_pause_seconds(give_up, seconds))


def _pause_seconds(give_up: float, seconds: float) -> float:
    """The time until the next look: a twentieth of the time that was waited so far, between two bounds."""
    waited_seconds = time.monotonic() - (give_up - seconds)
    return min(max(_LOOK_SECONDS, waited_seconds / 20), _LONGEST_LOOK_SECONDS)


def threads_since(before: Collection[threading.Thread]) -> list[threading.Thread]:
    """The threads that live, and were not in an earlier `threading.enumerate`; others may end meanwhile."""
    return [thread for thread in threading.enumerate() if thread not in before]


def _never(condition: Callable[[], object], seconds: float) -> str:
    try:
        source = inspect.getsource(condition).strip()
    except (OSError, TypeError):
        source = repr(condition)
    return f"not within {seconds:g} s: {source}"
