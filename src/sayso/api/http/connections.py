"""Limits of a connection before and after its request, which uvicorn does not have.

Without limits, a client could take any time to send the head of a request, send a head of any size, and leave its
response unread. Every socket is also one of the process's open files, which are limited. So a head has a deadline and a
size limit, an unread response is aborted, and the number of connections is bounded. When there are too many, the idle
connection that has waited longest is closed. When all connections are busy, a few more are accepted for the probes of
orchestrators; all other requests are answered with 429.
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
"""The paths of the probes of orchestrators, which are always answered."""

_PROBE_PATHS = frozenset(path.encode() for path in PROBES)
_SPARE = 16
"""Connections beyond the bound, for probes."""

_OTHER_FILES = 64
"""The number of open files for other purposes than requests, with a margin."""

_MOST = 8192
_MAXIMUM_HEAD_BYTES = 64 * 1024
_LEAST_TAKEN_BYTES = 4096
"""How many bytes of a response a client must read within `Bounds.stalled_seconds`."""

_TICKS_PER_SECOND = 10  # the ticks of uvicorn's own loop


def default_connections() -> int:
    """The number of connections that the limit of open files allows; each may need one more file, for an upload."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST
    return max(min((limit - _OTHER_FILES) // 2, _MOST), 1)


@dataclass(kw_only=True, eq=False)
class Bounds:
    """The limits of a server's connections, and its idle connections; used only by the loop.

    Attributes:
        connections: the largest number.
        head_seconds: the time limit for the head of a request.
        stalled_seconds: the time limit for an unread response, and for the rest of a refused body.
        idle: the connections that wait for a request, the longest waiting first.
    """

    connections: int
    head_seconds: float
    stalled_seconds: float
    idle: dict[BoundedConnection, None] = field(default_factory=dict)

    @property
    def backlog(self) -> int:
        """The backlog of the listening socket: the loop accepts all of them at once, and each is an open file."""
        return max(min(self.connections // 3, 2048), 1)

    def protocol(self) -> Any:
        """The factory of connections, for uvicorn's setting ``http``."""

        def connection(**parts: Any) -> BoundedConnection:
            return BoundedConnection(self, **parts)

        return connection

    def make_room(self, newest: BoundedConnection, count: int) -> None:
        """Close one connection if there are too many: an idle one, or else the newest."""
        if count <= self.connections:
            return
        oldest = next((one for one in self.idle if one is not newest and not one.unsent_bytes), None)
        if oldest is not None:
            oldest.abort()
        elif count > self.connections + _SPARE:
            newest.abort()


class BoundedConnection(HttpToolsProtocol):
    """A connection within `Bounds`. httptools allows refusing an upload early, so that the client gets the reason."""

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
        """The bytes that the client has not read yet."""
        return self.transport.get_write_buffer_size()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being served."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, in spite of uvicorn's types
        return (cycle is None or cycle.response_complete) and not self.pipeline

    def abort(self) -> None:
        """Close it at once, without sending the rest."""
        self._bounds.idle.pop(self, None)
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close it if its client has exceeded a time limit; called every second."""
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
        """Refuse malformed HTTP, in OpenAI's envelope."""
        self._refuse(Problem(status=400, message=msg))

    def _await_request(self) -> None:
        self._heard_at = self.loop.time()
        self._bounds.idle[self] = None

    def _refuse(self, problem: Problem) -> None:
        """Answer and close; if another response has begun, only close."""
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
        """See uvicorn; called ten times a second."""
        if counter % _TICKS_PER_SECOND == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.check(connection.loop.time())
        return await super().on_tick(counter)


class _Counted:
    """A transport that counts the bytes written to it."""

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
    """The response when all connections are busy."""
    problem = problem_of(Busy("The server has reached its limit of connections.", retry_after_seconds=1))
    problem.headers = {**problem.headers, "connection": "close"}
    await problem.response()(scope, receive, send)
