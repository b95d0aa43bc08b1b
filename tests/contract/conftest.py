"""What stands behind the suites of more than one module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.narrations.stores import in_memory, in_postgres

if TYPE_CHECKING:
    from support.narrations.stores import Opened


@pytest.fixture(params=["memory", "postgres", "postgres-pgbouncer"])
def opened(request: pytest.FixtureRequest) -> Opened:
    if request.param == "memory":
        return in_memory
    if request.param == "postgres":
        return partial(in_postgres, request.getfixturevalue("database_url"))
    return partial(in_postgres, request.getfixturevalue("pooled_database_url"), listen=False)
