"""Cancel a task and be sure that it ends."""

from __future__ import annotations

import asyncio

_AGAIN_SECONDS = 1.0


async def cancel_until_done(task: asyncio.Task[None], *, again_seconds: float = _AGAIN_SECONDS) -> None:
    """Cancel a task, again and again until it has ended, and wait for that; its result and its error stay in it.

    Once is not enough: a library may lose a cancellation, as a driver does that raises the error of its clean-up in
    place of it, and a task that retries would then go on for ever.

    Args:
        task: of this event loop.
        again_seconds: the time between two cancellations; longer than the task takes to end in good order.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=again_seconds)
