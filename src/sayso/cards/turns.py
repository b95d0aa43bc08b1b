"""A few places that jobs get in turn: a small job does not wait for the many phrases of a large one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Ticket:
    """A request for a place; belongs to the `Turns` that made it."""

    def __init__(self) -> None:
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_waiting(self) -> bool:
        """Whether it has neither got its place nor been given up."""
        return not self.granted.done()


class Turns:
    """See the module; for one event loop.

    A free place goes to the next job in a circle, and within a job to the request that has waited longest.

    Args:
        places: how many there are.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str, deque[Ticket]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, job_id: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it during the block.

        Args:
            job_id: of the job that needs it.
        """
        async with self.held(self.ticket(job_id)):
            yield

    def ticket(self, job_id: str) -> Ticket:
        """Request a place for a job; `held` waits for it."""
        ticket = Ticket()
        if self._free:
            self._free -= 1
            ticket.granted.set_result(None)
        else:
            self.add(ticket, job_id)
        return ticket

    def add(self, ticket: Ticket, job_id: str) -> None:
        """Another job needs the same: the request is served at the turn of the job that comes first."""
        if ticket.is_waiting:
            self._waiting.setdefault(job_id, deque()).append(ticket)

    @asynccontextmanager
    async def held(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait for the place of a request, and hold it during the block; a request is used once."""
        try:
            await ticket.granted
        except asyncio.CancelledError:
            if ticket.granted.cancelled():
                raise
            self._grant()  # it came at the same moment
            raise
        try:
            yield
        finally:
            self._grant()

    def _grant(self) -> None:
        """Give a place that is free now to the next request, or keep it."""
        while self._waiting:
            job_id, tickets = self._waiting.popitem(last=False)
            while tickets:
                ticket = tickets.popleft()
                if ticket.is_waiting:
                    if tickets:
                        self._waiting[job_id] = tickets
                    ticket.granted.set_result(None)
                    return
        self._free += 1
