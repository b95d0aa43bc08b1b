"""Sending something to a URL that a caller names, without being made to reach where the caller cannot."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import httpcore2

from sayso.errors import NotDelivered
from sayso.net.location import locate
from sayso.net.wire import Guard, GuardedBackend, OutOfTime, Sockets
from sayso.scheduling import FREE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sayso.scheduling import RequestContext

_MAXIMUM_ANSWER_BYTES = 64 * 1024
"""So much of an answer is read, for its sender's sake, and thrown away."""

_WIRE_ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    timeout_seconds: float,
    private_hosts: Collection[str] = (),
    ticket: RequestContext = FREE,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Send a body, and return the status of the answer; blocks, for a thread.

    It goes only to addresses of the public internet, and connects to the very address that it has checked. Redirects
    are answers like any other, and no proxy of the environment is used.

    Args:
        url: of HTTP or HTTPS, without credentials.
        body: what is sent.
        headers: in ASCII, beside those that any request has.
        timeout_seconds: for everything, from the name's resolution to the answer's head.
        private_hosts: hosts that may be named although their addresses are not public.
        ticket: whether it is still wanted; a cancellation shuts the connection down at once.
        clock: monotonic seconds.

    Raises:
        FetchRefused: the URL may not be called.
        NotDelivered: there was no answer, or not in time. The message tells no address.
        Cancelled: as the ticket says.
    """
    deadline = clock() + timeout_seconds

    def left_seconds() -> float:
        ticket.check()
        left = deadline - clock()
        if left <= 0:
            raise OutOfTime
        return left

    sockets = Sockets()
    guard = Guard(
        private_hosts=frozenset(host.lower().strip("[].") for host in private_hosts),
        left_seconds=left_seconds,
        opened=sockets.add,
    )
    with ticket.on_cancel(sockets.shut_down):
        try:
            return _status(url, body, headers, guard)
        except OutOfTime:
            raise NotDelivered(f"The URL did not answer within {timeout_seconds:g} seconds.") from None
        except httpcore2.ConnectError:
            ticket.check()
            raise NotDelivered("The URL's host cannot be found or reached, or is not who it says.") from None
        except _WIRE_ERRORS:
            ticket.check()  # a connection that was shut down has no other fault
            raise NotDelivered("The URL's answer broke off or is no HTTP.") from None


def _status(url: str, body: bytes, headers: Mapping[str, str], guard: Guard) -> int:
    location = locate(url)
    request = httpcore2.Request(
        "POST",
        httpcore2.URL(scheme=location.scheme, host=location.host, port=location.port, target=location.target),
        headers=[
            ("Host", location.host_header),
            ("User-Agent", "sayso"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            *headers.items(),
        ],
        content=body,
    )
    with httpcore2.ConnectionPool(network_backend=GuardedBackend(guard), http2=False) as pool:
        response = pool.handle_request(request)
        with closing(response):
            _read_on(response)
            return response.status


def _read_on(response: httpcore2.Response) -> None:
    """Let the sender finish, within reason; whatever goes wrong now, the answer has come."""
    read_bytes = 0
    with suppress(OutOfTime, *_WIRE_ERRORS):
        for chunk in response.iter_stream():
            read_bytes += len(chunk)
            if read_bytes > _MAXIMUM_ANSWER_BYTES:
                return
