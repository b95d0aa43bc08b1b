"""Delays a request at the last moment: when its connection is open, right before the first byte of it is sent.

A new connection takes several round trips. Who keeps an interval between requests must not count from before that.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import httpx2

Departure: TypeAlias = "Callable[[], Awaitable[None]]"
"""Returns when the request may leave; called on the loop that sends it."""

_departure: ContextVar[Departure | None] = ContextVar("departure", default=None)

_LAST_MOMENT = ".send_request_headers.started"
"""The end of the name that the HTTP client gives to this moment."""


@contextmanager
def departing(departure: Departure | None) -> Iterator[None]:
    """Have the requests that this task sends in the block wait for a departure; None to send them at once."""
    token = _departure.set(departure)
    try:
        yield
    finally:
        _departure.reset(token)


async def delay_request(request: httpx2.Request) -> None:
    """Make a request wait for its task's departure; a ``request`` hook of the HTTP client."""
    departure = _departure.get()
    if departure is None:
        return

    async def trace(name: str, _info: Any) -> None:
        if name.endswith(_LAST_MOMENT):
            await departure()

    request.extensions["trace"] = trace
