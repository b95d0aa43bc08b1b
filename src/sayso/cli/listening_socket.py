"""Bind the address of a service before anything else is loaded or started."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from sayso.errors import CannotListen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHOOSE_PORT = "choose another with --port or PORT"
_CHOOSE_HOST = "choose another with --host or HOST"


@contextmanager
def listening(host: str, port: int) -> Iterator[Sequence[socket.socket]]:
    """Bind sockets to an address for the duration of the block; connections are refused until a server listens on them.

    Args:
        host: an address or a name; one socket for each address of a name.
        port: 0 for any free port, the same on each address.

    Raises:
        CannotListen: the address is in use, not an address of this machine, or not allowed to this user; or the name
            has no address.
    """
    with ExitStack() as stack:
        sockets: list[socket.socket] = []
        missing: OSError | None = None
        for family, address in _addresses(host, port):
            chosen = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(stack.enter_context(_bound(family, (address[0], chosen, *address[2:]))))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise cannot_listen(error, host, port) from None
                missing = error  # a name may have an address of a family that this machine lacks
        if missing is not None and not sockets:
            raise cannot_listen(missing, host, port)
        yield sockets


def cannot_listen(error: OSError, host: str, port: int) -> CannotListen:
    """The error for an address that cannot be bound."""
    place = host_and_port(host, port)
    if error.errno == errno.EADDRINUSE:
        return CannotListen(
            f"Cannot listen on {place}: the port is in use; {_CHOOSE_PORT}, or stop what listens there."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return CannotListen(f"Cannot listen on {place}: this user may not use the port; {_CHOOSE_PORT}, from 1024 on.")
    if error.errno == errno.EADDRNOTAVAIL:
        return CannotListen(f"Cannot listen on {place}: this machine does not have the address; {_CHOOSE_HOST}.")
    return CannotListen(f"Cannot listen on {place}: {error.strerror or error}; {_CHOOSE_HOST}.")


def host_and_port(host: str, port: int) -> str:
    """An address and a port as in a URL: ``127.0.0.1:8000``, ``[::1]:8000``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """Every address of a host, without repetition."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "it is not a valid name"
        raise CannotListen(f"Cannot listen on {host_and_port(host, port)}: {reason}; {_CHOOSE_HOST}.") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # despite connections in TIME_WAIT
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound
