"""A loop in a thread of its own begins, ends when it is told to, and says when it ended by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sayso.workers.loop_thread import LoopThread
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    import asyncio


async def wait(stop: asyncio.Event) -> None:
    await stop.wait()


def test_it_ends_when_it_is_told_to() -> None:
    """Told to stop from another thread, it ends without a failure; told again, nothing happens."""
    thread = LoopThread("test", wait)
    thread.start()
    assert thread.is_alive
    thread.stop()
    assert thread.join(WAIT_SECONDS)
    thread.stop()
    assert thread.failure is None


def test_it_says_what_ended_it() -> None:
    """An error that nobody caught is kept for whoever asks."""

    async def fail(_stop: asyncio.Event) -> None:
        raise ValueError("oops")

    thread = LoopThread("test", fail)
    thread.start()
    assert thread.join(WAIT_SECONDS)
    assert isinstance(thread.failure, ValueError)


def test_to_end_unasked_is_a_failure() -> None:
    """A service that returns although nobody told it to has not done its work."""

    async def leave(_stop: asyncio.Event) -> None:
        return

    thread = LoopThread("test", leave)
    thread.start()
    assert thread.join(WAIT_SECONDS)
    assert thread.failure is not None
    assert threading.current_thread().name != "test"
