"""A cancellation is never lost, whatever it comes together with."""

from __future__ import annotations

import asyncio

import pytest

from sayso.postgres.pool import Database
from support.waiting import WAIT_SECONDS


@pytest.mark.parametrize("ticks", range(10))
async def test_a_cancellation_that_comes_with_a_free_connection_is_not_lost(database_url: str, ticks: int) -> None:
    """The task has waited for the only connection; the moment at which both come is tried tick by tick."""
    async with Database(database_url, listen=False, connections=1) as database:

        async def work() -> None:
            await database.fetch("select 1", {}, is_repeatable=True)
            await asyncio.sleep(10 * WAIT_SECONDS)

        async with database.transaction() as transaction:
            await transaction.fetch("select 1", {})
            task = asyncio.create_task(work())
            for _ in range(20):
                await asyncio.sleep(0)
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_SECONDS)
        assert task.cancelled()
        assert await database.fetch("select 1 as one", {}, is_repeatable=True) == [{"one": 1}]
