"""What a connection may cost before and after its request: uvicorn itself bounds neither.

A client may take as long as it likes over the head of a request, send a head of any size, and leave its answer unread;
and every socket is one of the process's files, of which there may be few. So a head has a deadline and a size, an
answer that is not taken is given up, and connections are bounded. Where there are too many, the one that has waited for
a request the longest makes room for the newest; where all of them are being served, what orchestrators probe is
still answered, on a few connections more, and everything else is told to come again.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sayso.api.http.errors import Problem, problem_of
from sayso.errors import Busy

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_log = structlog.get_logger(__name__)

PROBES = frozenset({"/live", "/ready", "/healthz"})
"""What orchestrators ask; it is answered whatever else is refused."""

_PROBE_PATHS = frozenset(path.encode() for path in PROBES)
_SPARE = 16
"""Connections besides the bound, for probes."""

_OTHER_FILES = 64
"""How many files the process has open for other things than requests, with room for more."""

_MOST = 8192
_MAXIMUM_HEAD_BYTES = 64 * 1024
_LEAST_TAKEN_BYTES = 4096
"""How much of an answer has to be taken in `Bounds.stalled_seconds`."""

_TICKS_PER_SECOND = 10  # of uvicorn's own loop


def default_connections() -> int:
    """How many connections the open files of this process allow; each may need one more, for what is uploaded."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST
    return max(min((limit - _OTHER_FILES) // 2, _MOST), 1)


@dataclass(kw_only=True, eq=False)
class Bounds:
    """The bounds of a server's connections, and those that wait for a request; the loop alone uses it.

    Attributes:
        connections: how many there may be.
        head_seconds: how long the head of a request may take.
        stalled_seconds: how long an answer may lie untaken, or the rest of a refused body may stay out.
        idle: the connections that wait for a request, the longest first.
    """

    connections: int
    head_seconds: float
    stalled_seconds: float
    idle: dict[BoundedConnection, None] = field(default_factory=dict)

    @property
    def backlog(self) -> int:
        """How many connections the kernel may hold: the loop takes them all at once, and each is a file."""
        return max(min(self.connections // 3, 2048), 1)

    def protocol(self) -> Any:
        """What makes a connection, as uvicorn's setting ``http``."""

        def connection(**parts: Any) -> BoundedConnection:
            return BoundedConnection(self, **parts)

        return connection

    def make_room(self, newest: BoundedConnection, count: int) -> None:
        """Close a connection where there are too many: an idle one, or else the newest."""
        if count <= self.connections:
            return
        oldest = next((one for one in self.idle if one is not newest and not one.unsent_bytes), None)
        if oldest is not None:
            oldest.abort()
        elif count > self.connections + _SPARE:
            newest.abort()


class BoundedConnection(HttpToolsProtocol):
    """A connection within `Bounds`. httptools lets an upload be refused in its middle, so that the client hears why."""

    def __init__(self, bounds: Bounds, **parts: Any) -> None:
        super().__init__(**parts)
        self._bounds = bounds
        self._served_app = self.app
        self._is_in_body = False
        self._has_advanced = False
        self._unparsed_bytes = 0
        self._heard_at = self._taken_at = self.loop.time()
        self._taken_bytes = 0

    @property
    def unsent_bytes(self) -> int:
        """What the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being served."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever uvicorn's types say
        return (cycle is None or cycle.response_complete) and not self.pipeline

    def abort(self) -> None:
        """Close it at once, whatever has not been sent."""
        self._bounds.idle.pop(self, None)
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close it if its client has had its time; asked every second."""
        unsent_bytes = self.unsent_bytes
        taken_bytes = self.transport.written_bytes - unsent_bytes  # type: ignore[attr-defined]  # see connection_made
        if not unsent_bytes or taken_bytes >= self._taken_bytes + _LEAST_TAKEN_BYTES:
            self._taken_bytes, self._taken_at = taken_bytes, now
        elif now - self._taken_at >= self._bounds.stalled_seconds:
            _log.info("a client does not take its answer", unsent_bytes=unsent_bytes)
            self.abort()
            return
        patience = self._bounds.stalled_seconds if self._is_in_body else self._bounds.head_seconds
        if self.is_idle and not unsent_bytes and now - self._heard_at >= patience:
            self.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """See `asyncio.Protocol`."""
        super().connection_made(_Counted(transport))  # type: ignore[arg-type]  # it is one in all but its class
        self._await_request()
        self._bounds.make_room(self, len(self.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._bounds.idle.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._has_advanced = False
        super().data_received(data)
        if self._is_in_body:
            self._heard_at = self.loop.time()
        self._unparsed_bytes = 0 if self._has_advanced else self._unparsed_bytes + len(data)
        if self._unparsed_bytes > _MAXIMUM_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(Problem(status=431, message="The head of the request is too large."))

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._has_advanced = self._is_in_body = True
        self._bounds.idle.pop(self, None)
        is_full = len(self.connections) > self._bounds.connections
        self.app = _full if is_full and self.url.partition(b"?")[0] not in _PROBE_PATHS else self._served_app
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._has_advanced = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        self._has_advanced = True
        self._is_in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        if self.is_idle:
            self._await_request()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the envelope."""
        self._refuse(Problem(status=400, message=msg))

    def _await_request(self) -> None:
        self._heard_at = self.loop.time()
        self._bounds.idle[self] = None

    def _refuse(self, problem: Problem) -> None:
        """Answer and close; where another answer is under way, only close."""
        if self.is_idle:
            response = problem.response()
            head = b"".join(b"%s: %s\r\n" % pair for pair in response.raw_headers)
            status = b"HTTP/1.1 %d \r\n" % problem.status
            self.transport.write(status + head + b"connection: close\r\n\r\n" + bytes(response.body))
            self.transport.close()
        else:
            self.abort()


class BoundedServer(uvicorn.Server):
    """A server that keeps its connections within their `Bounds`."""

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn: ten times a second."""
        if counter % _TICKS_PER_SECOND == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.check(connection.loop.time())
        return await super().on_tick(counter)


class _Counted:
    """A transport that counts what is written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written_bytes = 0
        self.get_write_buffer_size: Callable[[], int] = transport.get_write_buffer_size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """See `asyncio.Transport`."""
        self.written_bytes += len(data)
        self._transport.write(data)


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer where every connection is being served."""
    problem = problem_of(Busy("The server has as many connections as it serves.", retry_after_seconds=1))
    problem.headers = {**problem.headers, "connection": "close"}
    await problem.response()(scope, receive, send)
