"""One guarded HTTP request: what `fetch` and `post` share."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import httpcore2

from sayso.errors import DeadlineExceeded
from sayso.net.location import normalised_hosts
from sayso.net.wire import Guard, GuardedBackend, OutOfTime, Sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from sayso.errors import SaysoError
    from sayso.net.location import Location
    from sayso.scheduling import RequestContext

WIRE_ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)


@contextmanager
def guarded(
    context: RequestContext,
    *,
    timeout_seconds: float,
    private_hosts: Collection[str],
    clock: Callable[[], float],
    failed: Callable[[str], SaysoError],
    timed_out: str,
) -> Iterator[Guard]:
    """A guard for the requests of a block, which has one deadline and ends when the context is cancelled.

    Args:
        context: a cancellation shuts the connections down at once.
        timeout_seconds: for everything in the block.
        private_hosts: hosts that may be named although their addresses are not public.
        clock: monotonic seconds.
        failed: makes the error for a request that failed, from its message.
        timed_out: the message when the timeout is over.

    Raises:
        Cancelled, DeadlineExceeded: as the context says.
        SaysoError: made by ``failed``, in place of the errors of the connection. Its message names no address.
    """
    deadline = clock() + timeout_seconds

    def left_seconds() -> float:
        context.check()
        left = min(deadline - clock(), context.remaining_seconds())
        if left <= 0:
            raise OutOfTime
        return left

    sockets = Sockets()
    guard = Guard(private_hosts=normalised_hosts(private_hosts), left_seconds=left_seconds, opened=sockets.add)
    with context.on_cancel(sockets.shut_down):
        try:
            yield guard
        except OutOfTime:
            if context.remaining_seconds() < deadline - clock():
                raise DeadlineExceeded("The deadline came during a request to a URL.") from None
            raise failed(timed_out) from None
        except WIRE_ERRORS as error:
            context.check()  # a cancellation shuts the connection down
            raise failed(_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore2.ConnectError):
        return "The URL's host cannot be found or reached, or is not who it says."
    return "The URL's answer broke off or is no HTTP."


@contextmanager
def answered(
    guard: Guard, method: str, location: Location, *, headers: Iterable[tuple[str, str]] = (), body: bytes | None = None
) -> Iterator[httpcore2.Response]:
    """The answer to a request, on a connection that is closed at the end of the block.

    Args:
        guard: what the connection may do.
        method: ``GET`` or ``POST``.
        location: where the request goes.
        headers: in ASCII, beside those of every request.
        body: what is sent; None for nothing.

    Raises:
        FetchRefused: the host has no public address.
        OutOfTime: the deadline came.
        httpcore2.NetworkError, httpcore2.ProtocolError: the connection failed.
    """
    request = httpcore2.Request(
        method,
        httpcore2.URL(scheme=location.scheme, host=location.host, port=location.port, target=location.target),
        headers=[
            ("Host", location.host_header),
            ("User-Agent", "sayso"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
            *([] if body is None else [("Content-Length", str(len(body)))]),
            *headers,
        ],
        content=body,
    )
    # A pool for each request, so that no connection outlives it.
    with httpcore2.ConnectionPool(network_backend=GuardedBackend(guard), http2=False) as pool:
        response = pool.handle_request(request)
        with closing(response):
            yield response
