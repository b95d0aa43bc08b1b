"""A provider of this machine, and a store of speech of each test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine()) as server:
        yield server


@pytest.fixture
def server(running_server: OpenAIServer) -> OpenAIServer:
    running_server.forget()
    return running_server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "speech"


@pytest.fixture
def database_url(databases: object) -> str:
    """A database of the test's own: what it counts is its own, too."""
    url: str = databases.new()  # type: ignore[attr-defined]
    return url
