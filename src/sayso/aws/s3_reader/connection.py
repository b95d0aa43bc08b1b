"""One connection to an HTTP server, for GET and HEAD; bodies are received into the caller's buffer.

The standard library parses the headers of a response with its parser of e-mails, in more time than 64 KiB take to
arrive, and copies the body. Here httptools parses the head, and the socket fills the caller's buffer. Without TLS, on
Linux, the kernel keeps the time limits and fills the buffer in one call: Python would ask before each call whether it
may be made.
"""

from __future__ import annotations

import select
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httptools

from sayso.aws.s3_reader.sockets import MAXIMUM_HEAD_BYTES, BadAnswer, connected, limit_waits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.aws.s3_reader.sockets import Address

_FIRST_BYTES = 2**16
_NO_CONTENT = frozenset({204, 304})


class StaleConnection(OSError):
    """The server closed a connection that was idle; a request on a new one may succeed at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The head of a response.

    Attributes:
        status: of HTTP.
        headers: their names in lower case.
    """

    status: int
    headers: Mapping[str, str]


class HttpConnection:
    """A connection; for one thread at a time, but any thread may `abort` it.

    Args:
        address: the server.
        connect_seconds: the time limit of connecting.
        read_seconds: the time limit of each wait for bytes.

    Raises:
        OSError: it cannot be connected.
    """

    def __init__(self, address: Address, *, connect_seconds: float, read_seconds: float) -> None:
        self._socket = connected(address, connect_seconds)
        is_limited_by_kernel = address.tls is None and sys.platform == "linux"
        self._flags = socket.MSG_WAITALL if is_limited_by_kernel else 0
        if is_limited_by_kernel:
            limit_waits(self._socket, read_seconds)
        else:
            self._socket.settimeout(read_seconds)
        self._first = memoryview(bytearray(_FIRST_BYTES))
        self._message = _Message()
        self._left: int | None = 0  # of the body; None if only its end is marked
        self._pieces: list[memoryview] = []
        self._has_been_used = False
        self._is_open = True

    @property
    def is_reusable(self) -> bool:
        """Whether the last response has been read to its end, and the server keeps the connection."""
        return self._is_open and self._left == 0 and not self._pieces and self._message.keeps_alive

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the server, or has bytes that belong to no request."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def ask(self, request: bytes, *, is_head: bool = False) -> Head:
        """Send a request, and receive the head of the response.

        Args:
            request: with the empty line at its end.
            is_head: whether its method is HEAD, so that the response has no body.

        Raises:
            StaleConnection: the server closed the connection before this request.
            OSError: the connection fails, or the answer is not HTTP.
        """
        message = self._message = _Message()
        parser = httptools.HttpResponseParser(message)
        received = 0
        try:
            self._socket.sendall(request)
            while not message.has_head:
                count = self._receive(self._first)
                received += count
                if not count or received > MAXIMUM_HEAD_BYTES:
                    raise BadAnswer("the connection was closed before the answer")
                parser.feed_data(self._first[:count])
        except httptools.HttpParserError as error:
            raise BadAnswer(f"the answer is not HTTP: {error}") from error
        except BlockingIOError as error:
            raise TimeoutError("timed out") from error
        except TimeoutError:
            raise
        except OSError as error:
            if self._has_been_used and not received:
                raise StaleConnection("the idle connection was closed") from error
            raise
        self._has_been_used = True
        status = parser.get_status_code()
        self._begin_body(parser, is_bodyless=is_head or status in _NO_CONTENT)
        return Head(status=status, headers=message.headers)

    def _begin_body(self, parser: httptools.HttpResponseParser, *, is_bodyless: bool) -> None:
        message = self._message
        self._parser = parser
        self._pieces = [memoryview(piece) for piece in message.pieces]
        if is_bodyless:
            self._left, self._pieces = 0, []
            return
        length = message.headers.get("content-length", "")
        if length.isdecimal() and "transfer-encoding" not in message.headers:
            self._left = int(length) - sum(map(len, self._pieces))
        else:
            self._left = 0 if message.is_complete else None

    def read_into(self, buffer: memoryview) -> int:
        """Receive more of the body into a buffer; 0 at its end.

        Raises:
            OSError: the connection fails, or ends early.
        """
        if self._pieces:
            piece = self._pieces[0]
            count = min(len(piece), len(buffer))
            buffer[:count] = piece[:count]
            self._pieces[0] = piece[count:]
            if count == len(piece):
                del self._pieces[0]
            return count
        if self._left == 0:
            return 0
        if self._left is None:
            self._receive_marked()
            return self.read_into(buffer)
        count = self._receive(buffer[: self._left], self._flags)
        if not count:
            raise BadAnswer("the body ended early")
        self._left -= count
        return count

    def _receive(self, buffer: memoryview, flags: int = 0) -> int:
        """Receive into a buffer; 0 where the connection ends.

        Raises:
            TimeoutError: nothing came in time.
            OSError: the connection fails.
        """
        try:
            return self._socket.recv_into(buffer, 0, flags)
        except BlockingIOError:
            raise TimeoutError("timed out") from None

    def _receive_marked(self) -> None:
        """More of a body whose length is not given: it is in chunks, or ends with the connection."""
        message = self._message
        message.pieces.clear()
        data = bytes(self._first[: self._receive(self._first)])
        try:
            if data:
                self._parser.feed_data(data)
            elif "transfer-encoding" in message.headers:
                raise BadAnswer("the body ended early")
        except httptools.HttpParserError as error:
            raise BadAnswer(f"the body is not HTTP: {error}") from error
        self._pieces = [memoryview(piece) for piece in message.pieces]
        if message.is_complete or not data:
            self._left = 0
            message.keeps_alive &= bool(data)

    def read_all(self, limit_bytes: int) -> bytes:
        """The rest of the body.

        Raises:
            OSError: the connection fails, or the body is longer than the limit.
        """
        content = bytearray()
        buffer = memoryview(bytearray(_FIRST_BYTES))
        while count := self.read_into(buffer):
            content += buffer[:count]
            if len(content) > limit_bytes:
                raise BadAnswer(f"the answer has more than {limit_bytes:,} bytes")
        return bytes(content)

    def close(self) -> None:
        """Close the connection; a response that has not been read to its end is lost."""
        self._is_open = False
        self._socket.close()

    def abort(self) -> None:
        """End a wait of another thread for bytes, with an error."""
        self._is_open = False
        try:
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # that of TLS would confuse the other thread
        except OSError:
            return  # it is closed already


class _Message:
    """What httptools finds in a response."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.has_head = False
        self.is_complete = False
        self.keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        self.has_head = True
        self.keeps_alive = self.headers.get("connection", "").lower() != "close"

    def on_body(self, body: bytes) -> None:
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.is_complete = True
