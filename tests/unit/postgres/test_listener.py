"""Listening for notifications."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg

from sayso.postgres.pool import Database
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    import pytest


async def test_closing_ends_a_listener_that_loses_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver raises the error of its clean-up in place of the cancellation, and the listener would connect again."""
    connecting = asyncio.Event()

    async def connect(**_: object) -> None:
        connecting.set()
        try:
            await asyncio.sleep(WAIT_SECONDS)
        except asyncio.CancelledError:
            raise psycopg.OperationalError("the server ended") from None

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
    async with asyncio.timeout(WAIT_SECONDS / 2):
        async with Database("postgresql://127.0.0.1:1/none") as database:
            await connecting.wait()
        assert database._listening is not None
        assert database._listening.done()
