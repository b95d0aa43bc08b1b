"""Run a request's synchronous work on a thread, stream its response, and cancel it when the client disconnects.

The loop owns the request and its admission slot. The work runs on one thread per request, which waits there for compute
permits. When the client disconnects, or the response ends, the loop closes the slot: it is free for the next request at
once, and the thread stops at its next check for cancellation. Nothing waits for that thread, but it is counted until it
has ended.
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
"""Marks the end of a stream; no chunk is empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedResponse:
    """A response whose first bytes exist: from here on no error of the caller is possible.

    Attributes:
        first: the first chunk.
        rest: the other chunks, none of them empty; made on demand, one at a time.
        media_type: of the response.
        headers: further headers of the response.
    """

    first: bytes
    rest: Iterator[bytes]
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


async def done(request: Request, slot: AdmissionSlot, work: Callable[[RequestContext], T]) -> T:
    """Run a request's work to its end, and close its admission slot.

    Raises:
        Cancelled: the client disconnected.
        SaysoError: as the work does.
    """
    with slot:
        async with _watched(request.receive, slot):
            return await _on_thread_for(slot, lambda: work(slot))


async def streamed(
    request: Request, slot: AdmissionSlot, work: Callable[[RequestContext], StartedResponse]
) -> Response:
    """Start a request's work, and stream its output; the admission slot is closed at the end.

    Raises:
        Cancelled: the client disconnected before the first output.
        SaysoError: as the work does, before the first output.
    """
    try:
        async with _watched(request.receive, slot):
            response = await _on_thread_for(slot, lambda: work(slot))
        slot.lift_deadline()
    except BaseException:
        slot.close(cancelled=True)
        raise
    return _StreamedResponse(response, slot)


class _StreamedResponse(StreamingResponse):
    """A response that is sent while it is made; an error aborts it, so that no client mistakes a part for the whole."""

    def __init__(self, response: StartedResponse, slot: AdmissionSlot) -> None:
        super().__init__(self._chunks(), media_type=response.media_type, headers=dict(response.headers))
        self._begun = response
        self._slot = slot

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, and close the admission slot in any case."""
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
    """The same as `on_thread`; the thread is counted for the slot until it ends, even if its caller stops waiting."""

    def counted() -> T:
        with slot.working():
            return work()

    return await on_thread(counted)


def _close(chunks: Iterator[bytes]) -> None:
    """Close a generator that is not read any more. If a thread runs in it, that thread finds its slot closed."""
    close = getattr(chunks, "close", None)
    if close is not None:
        try:
            close()
        except ValueError:
            _log.debug("a stream ends by itself")


@asynccontextmanager
async def _watched(receive: Receive, slot: AdmissionSlot) -> AsyncIterator[None]:
    """Close the slot if the client disconnects during the block; the request's body has been read."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        slot.close(cancelled=True)

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
