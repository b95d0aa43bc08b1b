"""The fault server, shared by the tests of a module, and connections to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.providers.openai.connection import OpenAIConnection
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from support.audio.tones import ToneTranscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=ToneTranscriber()) as running:
        yield running


@pytest.fixture
def server(running_server: OpenAIServer) -> OpenAIServer:
    """The server without faults or memories."""
    running_server.forget()
    return running_server


@pytest.fixture
def pauses() -> list[float]:
    """How long connections have been told to sleep, in seconds; nobody sleeps."""
    return []


@pytest.fixture
def connect(server: OpenAIServer, pauses: list[float]) -> Iterator[Callable[..., OpenAIConnection]]:
    """Connections to the server, which are closed after the test."""
    opened = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def connecting(**options: Any) -> OpenAIConnection:
        settings: dict[str, Any] = {"api_key": server.key, "base_url": server.base_url, "sleep": sleep}
        connection = OpenAIConnection(**(settings | options))
        opened.append(connection)
        return connection

    yield connecting
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Callable[..., OpenAIConnection]) -> OpenAIConnection:
    """A connection with the settings of production, but for its sleep, and its patience with a busy machine."""
    return connect(timeout_seconds=250.0)
