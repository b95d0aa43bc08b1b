"""A server of narrations over a store in memory, with and without keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.settings import Settings
from sayso.testing import InMemoryNarrationStore
from support.api.app_contexts import client_of, fake_served
from support.narrations.client import ADMIN, KEYS, OTHER
from support.narrations.service import fake_narrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient


@pytest.fixture
def store() -> InMemoryNarrationStore:
    return InMemoryNarrationStore()


@pytest.fixture
def client(store: InMemoryNarrationStore) -> Iterator[TestClient]:
    served = fake_served(settings=Settings(synthesis_workers=2, kokoro_voice="fake_en"))
    with client_of(replace(served, narrations=fake_narrations(store))) as client:
        yield client


@pytest.fixture
def guarded(store: InMemoryNarrationStore) -> Iterator[TestClient]:
    """A server with keys."""
    entries = tuple(key.entry for key in (*KEYS.values(), ADMIN, OTHER))
    served = fake_served(settings=Settings(synthesis_workers=2, kokoro_voice="fake_en", api_keys=entries))
    with client_of(replace(served, narrations=fake_narrations(store))) as client:
        yield client
