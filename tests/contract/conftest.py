"""What stands behind the suites of more than one module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.narrations.stores import in_memory, in_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.narrations.stores import Opened, Scene


@pytest.fixture(params=["memory", "postgres", "postgres-pgbouncer"])
def opened(request: pytest.FixtureRequest) -> Opened:
    if request.param == "memory":
        return in_memory
    if request.param == "postgres":
        return partial(in_postgres, request.getfixturevalue("database_url"))
    return partial(in_postgres, request.getfixturevalue("pooled_database_url"), listen=False)


@pytest.fixture
async def scene(opened: Opened) -> AsyncIterator[Scene]:
    """A store of narrations without any, with its tasks and queues."""
    async with opened() as scene:
        yield scene
