"""Sockets that are connected to an HTTP server: directly or through a proxy, with TLS or without it."""

from __future__ import annotations

import base64
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

MAXIMUM_HEAD_BYTES = 2**18
"""The head of a response is not longer."""

_TIMEVAL = struct.Struct("ll")
_MICROSECONDS = 1_000_000
_OK = 200


class BadAnswer(OSError):
    """The server did not answer in HTTP, or not to the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy that connects to HTTPS servers.

    Attributes:
        host: its name or address.
        port: of the proxy.
        credentials: ``name:password``; None for none.
    """

    host: str
    port: int
    credentials: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a server is.

    Attributes:
        host: its name or address.
        port: of TCP.
        tls: the context of TLS; None for plain HTTP.
        proxy: for HTTPS only; None for none.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    proxy: Proxy | None = None


def connected(address: Address, connect_seconds: float) -> socket.socket:
    """A connection to a server, through its proxy if it has one, with TLS if that is wanted.

    Args:
        address: of the server.
        connect_seconds: the time limit; it stays that of the socket.

    Raises:
        OSError: it cannot be connected, or the proxy refuses.
    """
    to = address if address.proxy is None else address.proxy
    connection = socket.create_connection((to.host, to.port), timeout=connect_seconds)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.proxy is not None:
            _tunnel(connection, address, address.proxy)
        if address.tls is None:
            return connection
        return address.tls.wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def limit_waits(connection: socket.socket, seconds: float) -> None:
    """Have the kernel end each wait for a connection after some time, with EAGAIN; for sockets of Linux without TLS."""
    connection.settimeout(None)
    whole, part = divmod(round(seconds * _MICROSECONDS), _MICROSECONDS)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(whole, part))


def _tunnel(connection: socket.socket, address: Address, proxy: Proxy) -> None:
    """Have a proxy connect to the server."""
    to = f"{address.host}:{address.port}"
    lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
    if proxy.credentials is not None:
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(proxy.credentials.encode()).decode()}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)  # one by one: what follows the empty line belongs to TLS
        answer += byte
        if not byte or len(answer) > MAXIMUM_HEAD_BYTES:
            raise BadAnswer("the proxy did not answer")
    if answer.split(b" ", 2)[1:2] != [str(_OK).encode()]:
        status = answer.partition(b"\r\n")[0].decode(errors="replace")
        raise BadAnswer(f"the proxy refused: {status}")
