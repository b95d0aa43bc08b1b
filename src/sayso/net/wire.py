"""Connections to allowed addresses only, with one deadline for everything.

`httpcore2` makes every connection through its network backend, and reads and writes every byte through the stream that
it gets. So the address that was checked is the one that is connected to, with no second resolution in between, and one
deadline holds for the name, the connection, TLS, headers and body, however slowly they arrive.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import httpcore2

from sayso.errors import FetchRefused
from sayso.net.addresses import is_public

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection, Iterable, Sequence

    from httpcore2 import SOCKET_OPTION


class OutOfTime(Exception):
    """The deadline has come."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The bounds of a request.

    Attributes:
        private_hosts: names, in lower case, whose addresses need not be public.
        left_seconds: the time until the deadline; raises when it is over, or when the request was cancelled.
        opened: called with every socket, so that a cancellation can shut it down.
    """

    private_hosts: Collection[str]
    left_seconds: Callable[[], float]
    opened: Callable[[socket.socket], None]


class Sockets:
    """The sockets of a request, so that another thread can end it; its lock guards them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._ended = False

    def add(self, connection: socket.socket) -> None:
        """Add a socket; it is shut down at once if all have been."""
        with self._lock:
            self._open.append(connection)
            ended = self._ended
        if ended:
            self.shut_down()

    def shut_down(self) -> None:
        """Shut all sockets down; reads and writes that wait end with an error."""
        with self._lock:
            self._ended = True
            for connection in self._open:
                with suppress(OSError):  # not connected yet, or closed already
                    # Not the method of a TLS socket, which would read on without decrypting.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects to public addresses, and to those of the private hosts; each request has its own."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- the deadline is the guard's
        local_address: str | None = None,  # noqa: ARG002 -- the pool is made without one
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002 -- likewise
    ) -> httpcore2.NetworkStream:
        """Connect to the first allowed address of the host that answers.

        Raises:
            FetchRefused: no address of the host is allowed; the message names none.
            OutOfTime: the deadline came.
            httpcore2.ConnectError: none answered.
        """
        found = _resolved(host, port, self._guard.left_seconds())
        allowed = [entry for entry in found if host in self._guard.private_hosts or _is_public(entry)]
        if found and not allowed:
            raise FetchRefused(
                "The URL's host is not on the public internet.",
                hint="Hosts that may be private are named in SAYSO_PRIVATE_HOSTS.",
            )
        for place, (family, kind, protocol, _, address) in enumerate(allowed):
            connection = socket.socket(family, kind, protocol)
            try:
                self._guard.opened(connection)
                # A share of the time, so that an address that does not answer leaves time for the next.
                connection.settimeout(self._guard.left_seconds() / (len(allowed) - place))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return _GuardedStream(connection, self._guard)
        self._guard.left_seconds()  # raises if the deadline came
        raise httpcore2.ConnectError

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Refuse: only hosts are connected to."""
        raise FetchRefused("Only hosts are connected to.")


class _GuardedStream(httpcore2.NetworkStream):
    """A connection with the guard's deadline for every read and write; the timeouts of callers are ignored."""

    def __init__(self, connection: socket.socket, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read at least a byte; empty at the end."""
        self._connection.settimeout(self._guard.left_seconds())
        try:
            return self._connection.recv(max_bytes)
        except TimeoutError:
            raise OutOfTime from None
        except OSError as error:
            raise httpcore2.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write everything: the timeout of `socket.sendall` is for all of it."""
        self._connection.settimeout(self._guard.left_seconds())
        try:
            self._connection.sendall(buffer)
        except TimeoutError:
            raise OutOfTime from None
        except OSError as error:
            raise httpcore2.WriteError from error

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Start TLS; the certificate must be the host's."""
        secure = ssl_context.wrap_socket(
            self._connection, server_hostname=server_hostname, do_handshake_on_connect=False
        )
        try:
            # The socket that was there before has handed its descriptor over.
            self._guard.opened(secure)
            secure.settimeout(self._guard.left_seconds())
            secure.do_handshake()
        except TimeoutError:
            secure.close()
            raise OutOfTime from None
        except OSError as error:
            secure.close()
            raise httpcore2.ConnectError from error
        except BaseException:
            secure.close()
            raise
        return _GuardedStream(secure, self._guard)


_Entry: TypeAlias = "tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]"


def _resolved(host: str, port: int, seconds: float) -> Sequence[_Entry]:
    """The addresses of a host, as the system finds them, decimal and octal forms of IPv4 included.

    The system's resolver takes no timeout, so that a thread of its own may outlive this call until it gives up.

    Raises:
        OutOfTime: it took too long.
        httpcore2.ConnectError: there is no such host.
    """
    answer: queue.SimpleQueue[Sequence[_Entry] | None] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answer.put(None)

    threading.Thread(target=resolve, name="sayso-resolve", daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise OutOfTime from None
    if not found:
        raise httpcore2.ConnectError
    return found


def _is_public(entry: _Entry) -> bool:
    return is_public(ipaddress.ip_address(entry[4][0]))
