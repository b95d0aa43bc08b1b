"""A server of cards over jobs in memory, with and without keys."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from sayso.api.context import CardsContext
from sayso.cards.service import Cards
from sayso.settings import Settings
from sayso.testing import InMemoryClientJobs
from support.api.app_contexts import client_of, fake_served
from support.narrations.client import ADMIN, KEYS, OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient


@pytest.fixture
def jobs() -> InMemoryClientJobs:
    return InMemoryClientJobs()


@pytest.fixture
def context(jobs: InMemoryClientJobs, tmp_path: Path) -> CardsContext:
    """The parts, which look for changes all the time, with a directory of files."""
    service = Cards(jobs, user_id="user-1", poll_seconds=0.01)
    return CardsContext(
        service=service, files_url="http://localhost/files", directory=tmp_path / "tts", keep_alive_seconds=0.05
    )


@pytest.fixture
def client(context: CardsContext) -> Iterator[TestClient]:
    with client_of(fake_served(), open_cards=lambda: nullcontext(context)) as client:
        yield client


@pytest.fixture
def guarded(context: CardsContext) -> Iterator[TestClient]:
    """A server with keys."""
    entries = tuple(key.entry for key in (*KEYS.values(), ADMIN, OTHER))
    with client_of(fake_served(settings=Settings(api_keys=entries)), open_cards=lambda: nullcontext(context)) as client:
        yield client
