"""A TCP proxy to a Unix socket that can be frozen: connections stay open, and nothing passes any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Proxy:
    """On one event loop; see `proxy_to`."""

    def __init__(self, socket_path: str) -> None:
        self.port = 0
        self.accepted = 0
        """How many connections were made to it."""
        self._socket_path = socket_path
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def freeze(self) -> None:
        """Let nothing pass on the connections there are; new ones work."""
        for pipe in self._pipes:
            pipe.cancel()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket_path)
        self._writers += [writer, inner_writer]
        for source, target in ((reader, inner_writer), (inner_reader, writer)):
            pipe = asyncio.create_task(_pass_on(source, target))
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)

    async def close(self) -> None:
        self.freeze()
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
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
