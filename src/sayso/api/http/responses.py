"""From the loop to the threads and back: a request's work, its slot, and the answer that flows while it is made.

The loop owns the request and its slot; the work itself, synchronous code, runs on a thread per request, and takes its
turns there. A client that goes away, or an answer that ends, closes the slot on the loop: it is free for the next
request at once, and the thread ends the next time it asks whether to go on. Nothing waits for that thread, but it is
counted until it has ended.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import anyio
import structlog
from starlette.responses import StreamingResponse

from sayso.errors import Cancelled
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from sayso.scheduling import AdmissionSlot, RequestContext

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_END = b""
"""What stands for the end of a stream: no chunk is empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedResponse:
    """An answer of which the first bytes exist: nothing that a caller did wrong can come up any more.

    Attributes:
        first: the first chunk.
        rest: the other chunks, none of them empty; made as they are asked for, one at a time.
        media_type: the answer's.
        headers: more headers of the answer.
    """

    first: bytes
    rest: Iterator[bytes]
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


async def done(request: Request, slot: AdmissionSlot, work: Callable[[RequestContext], T]) -> T:
    """Do a request's work from its beginning to its end, and close its slot.

    Raises:
        Cancelled: the client went away.
        SaysoError: as the work does.
    """
    with slot:
        async with _watched(request.receive, slot):
            return await _on_thread_for(slot, lambda: work(slot))


async def streamed(
    request: Request, slot: AdmissionSlot, work: Callable[[RequestContext], StartedResponse]
) -> Response:
    """Begin a request's work, and answer with what it makes as it is made; its slot is closed at the end.

    Raises:
        Cancelled: the client went away before anything was made.
        SaysoError: as the work does, before anything was made.
    """
    try:
        async with _watched(request.receive, slot):
            begun = await _on_thread_for(slot, lambda: work(slot))
        slot.lift_deadline()
    except BaseException:
        slot.close(cancelled=True)
        raise
    return _StreamedResponse(begun, slot)


class _StreamedResponse(StreamingResponse):
    """An answer that is sent while it is made; an error cuts it, so that no client takes a part for the whole."""

    def __init__(self, begun: StartedResponse, slot: AdmissionSlot) -> None:
        super().__init__(self._chunks(), media_type=begun.media_type, headers=dict(begun.headers))
        self._begun = begun
        self._slot = slot

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, and give the slot back whatever happens."""
        try:
            async with _watched(receive, self._slot):
                await self.stream_response(send)
            self._slot.close()
        except Cancelled:
            _log.info("the client went away before the end")
        finally:
            self._slot.close(cancelled=True)
            with anyio.CancelScope(shield=True):
                await _on_thread_for(self._slot, lambda: _close(self._begun.rest))

    async def _chunks(self) -> AsyncIterator[bytes]:
        chunk = self._begun.first
        while chunk != _END:
            yield chunk
            chunk = await _on_thread_for(self._slot, lambda: next(self._begun.rest, _END))


async def _on_thread_for(slot: AdmissionSlot, work: Callable[[], T]) -> T:
    """As `on_thread`; the thread is counted as the slot's as long as it works, whoever waits for it."""

    def counted() -> T:
        with slot.working():
            return work()

    return await on_thread(counted)


def _close(chunks: Iterator[bytes]) -> None:
    """End a generator that nobody reads any more, unless a thread is in it: that one finds its slot closed."""
    close = getattr(chunks, "close", None)
    if close is not None:
        try:
            close()
        except ValueError:
            _log.debug("a stream ends by itself")


@asynccontextmanager
async def _watched(receive: Receive, slot: AdmissionSlot) -> AsyncIterator[None]:
    """Close the slot if the client goes away during the block; the request's body has been read."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        slot.close(cancelled=True)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
