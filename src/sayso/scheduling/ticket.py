"""What a piece of work holds while it is done: its right to compute, its deadline, and whether it is still wanted."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class RequestContext(Protocol):
    """Given to engines with every request; may be used from many threads at once.

    An engine takes a turn around each stretch of computation of a second or two, on the thread that computes, and
    holds none while it waits for something else.
    """

    def turn(self) -> AbstractContextManager[None]:
        """Wait for a processor, and give it back at the end of the block.

        Raises:
            Cancelled: the work is no longer wanted.
            DeadlineExceeded: its time is over.
        """
        ...

    def check(self) -> None:
        """Nothing, while the work is wanted and in time.

        Raises:
            Cancelled: the work is no longer wanted.
            DeadlineExceeded: its time is over.
        """
        ...

    def remaining_seconds(self) -> float:
        """The time until the deadline, at least 0; infinite without one."""
        ...

    def on_cancel(self, callback: Callable[[], object]) -> AbstractContextManager[None]:
        """Have ``callback`` called once if the work is cancelled during the block, on the cancelling thread.

        It is called at once when the work is cancelled already. It must be quick and must not raise.
        """
        ...


class UnboundedContext:
    """The ticket of work that nobody schedules: it computes at once, for as long as it takes."""

    def turn(self) -> AbstractContextManager[None]:
        """See `RequestContext.turn`."""
        return nullcontext()

    def check(self) -> None:
        """See `RequestContext.check`."""

    def remaining_seconds(self) -> float:
        """See `RequestContext.remaining_seconds`."""
        return math.inf

    @contextmanager
    def on_cancel(self, callback: Callable[[], object]) -> Iterator[None]:  # noqa: ARG002 -- it is never cancelled
        """See `RequestContext.on_cancel`."""
        yield


FREE: RequestContext = UnboundedContext()
"""The one for commands and libraries."""
