"""A TCP proxy to a Unix socket with faults: connections stay open, and nothing is passed on any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Proxy:
    """On one event loop; see `proxy_to`. Faults affect the existing connections; new ones work."""

    def __init__(self, socket_path: str) -> None:
        self.port = 0
        self._socket_path = socket_path
        self._questions: set[asyncio.Task[None]] = set()
        self._answers: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def freeze(self) -> None:
        """Pass nothing on."""
        for pipe in self._questions | self._answers:
            pipe.cancel()

    def swallow_answers(self) -> None:
        """Pass requests on, and no responses."""
        for pipe in self._answers:
            pipe.cancel()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket_path)
        self._writers += [writer, inner_writer]
        self._pass_on(reader, inner_writer, self._questions)
        self._pass_on(inner_reader, writer, self._answers)

    def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, pipes: set[asyncio.Task[None]]
    ) -> None:
        pipe = asyncio.create_task(_passed_on(source, target))
        pipes.add(pipe)
        pipe.add_done_callback(pipes.discard)

    async def close(self) -> None:
        self.freeze()
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()


async def _passed_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        target.close()


@asynccontextmanager
async def proxy_to(socket_path: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(socket_path)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1")
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
