"""Cancelling a task until it is done."""

from __future__ import annotations

import asyncio

import pytest

from sayso.cancellation import cancel_until_done
from support.waiting import WAIT_SECONDS


@pytest.mark.parametrize("losses", [0, 1, 3])
async def test_a_task_that_loses_cancellations_ends_all_the_same(losses: int) -> None:
    """It is cancelled once more than it loses."""
    cancellations = 0

    async def work() -> None:
        nonlocal cancellations
        while True:
            try:
                await asyncio.sleep(WAIT_SECONDS)
            except asyncio.CancelledError:
                cancellations += 1
                if cancellations > losses:
                    raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await cancel_until_done(task, again_seconds=0.01)
    assert task.cancelled()
    assert cancellations == losses + 1


async def test_an_error_at_the_end_stays_in_the_task() -> None:
    """Its owner decides whether that matters."""

    async def work() -> None:
        try:
            await asyncio.sleep(WAIT_SECONDS)
        finally:
            raise ValueError("the end failed")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await cancel_until_done(task)
    with pytest.raises(ValueError, match="the end failed"):
        task.result()


async def test_a_caller_that_is_cancelled_meanwhile_is_cancelled() -> None:
    """The wait for the task swallows no cancellation of its own."""
    may_end = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(WAIT_SECONDS)
        finally:
            await may_end.wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    caller = asyncio.create_task(cancel_until_done(task, again_seconds=WAIT_SECONDS))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait({caller})
    assert caller.cancelled()
    may_end.set()
    await asyncio.wait({task})
