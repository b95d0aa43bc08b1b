"""Send a body to a URL that a caller names, without reaching a host that the caller cannot reach."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sayso.errors import NotDelivered
from sayso.net.client import WIRE_ERRORS, answered, guarded
from sayso.net.location import locate
from sayso.net.wire import OutOfTime
from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import httpcore2

    from sayso.scheduling import RequestContext

_MAXIMUM_ANSWER_BYTES = 64 * 1024
"""So much of an answer is read and thrown away, so that its sender can finish."""


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    timeout_seconds: float,
    private_hosts: Collection[str] = (),
    context: RequestContext = UNBOUNDED,
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
        context: a cancellation shuts the connection down at once.
        clock: monotonic seconds.

    Raises:
        FetchRefused: the URL may not be called.
        NotDelivered: there was no answer, or not in time. The message tells no address.
        Cancelled, DeadlineExceeded: as the context says.
    """
    guarding = guarded(
        context,
        timeout_seconds=timeout_seconds,
        private_hosts=private_hosts,
        clock=clock,
        failed=NotDelivered,
        timed_out=f"The URL did not answer within {timeout_seconds:g} seconds.",
    )
    with guarding as guard, answered(guard, "POST", locate(url), headers=headers.items(), body=body) as response:
        _read_on(response)
        return response.status


def _read_on(response: httpcore2.Response) -> None:
    """Let the sender finish, within a bound; an error does not matter any more, since the status is known."""
    read_bytes = 0
    with suppress(OutOfTime, *WIRE_ERRORS):
        for chunk in response.iter_stream():
            read_bytes += len(chunk)
            if read_bytes > _MAXIMUM_ANSWER_BYTES:
                return
