"""The context of a request: its right to compute, its deadline, and its cancellation."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class RequestContext(Protocol):
    """Given to engines with every request; may be used from many threads at once.

    An engine holds a compute permit around each stretch of computation of a second or two, on the thread that
    computes, and none while it waits for something else.
    """

    def permit(self) -> AbstractContextManager[None]:
        """Wait for a compute permit, and return it at the end of the block.

        Raises:
            Cancelled: the request was cancelled.
            DeadlineExceeded: its deadline has passed.
        """
        ...

    def check(self) -> None:
        """Return while the request is neither cancelled nor late.

        Raises:
            Cancelled: the request was cancelled.
            DeadlineExceeded: its deadline has passed.
        """
        ...

    def remaining_seconds(self) -> float:
        """The time until the deadline, at least 0; infinite without one."""
        ...

    def others_wait(self) -> bool:
        """Whether other requests wait for a compute permit, which this one should not make wait longer than it must."""
        ...

    def on_cancel(self, callback: Callable[[], object]) -> AbstractContextManager[None]:
        """Have ``callback`` called once if the request is cancelled during the block, on the cancelling thread.

        It is called at once when the request is cancelled already. It must be quick and must not raise.
        """
        ...


class UnboundedContext:
    """The context of work that is not scheduled: it computes at once, without a deadline."""

    def permit(self) -> AbstractContextManager[None]:
        """See `RequestContext.permit`."""
        return nullcontext()

    def check(self) -> None:
        """See `RequestContext.check`."""

    def remaining_seconds(self) -> float:
        """See `RequestContext.remaining_seconds`."""
        return math.inf

    def others_wait(self) -> bool:
        """See `RequestContext.others_wait`."""
        return False

    @contextmanager
    def on_cancel(self, callback: Callable[[], object]) -> Iterator[None]:  # noqa: ARG002 -- it is never cancelled
        """See `RequestContext.on_cancel`."""
        yield


UNBOUNDED: RequestContext = UnboundedContext()
"""For commands and libraries."""
