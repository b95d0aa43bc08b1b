"""Groups of requests to OpenAI that belong to one piece of work, and their results."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from sayso.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Self

    from openai import AsyncOpenAI

T = TypeVar("T")

Send: TypeAlias = "Callable[[AsyncOpenAI], Awaitable[Any]]"
"""One attempt: calls a method of the SDK's ``with_raw_response`` and returns what it returns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The body of a response with status 200; ``content_type`` is in lower case, without parameters."""

    body: bytes
    content_type: str


class Submit(Protocol):
    """Starts a request that must end by ``until`` on the clock."""

    def __call__(self, send: Send, read: Callable[[Answer], T], *, until: float, model: str = "") -> Future[T]:
        """See `OpenAIConnection.submit`."""
        ...


class Calls:
    """A group of requests; see `OpenAIConnection.calls`.

    The thread that opened it starts the requests and waits; any thread may cancel. ``_lock`` guards the two fields that
    the background thread writes, too.
    """

    def __init__(self, submit: Submit, *, until: float) -> None:
        self._submit = submit
        self._until = until
        self._lock = threading.Lock()
        self._running: set[Future[Any]] = set()
        self._failure: BaseException | None = None
        self._over = False

    def start(self, send: Send, read: Callable[[Answer], T], *, model: str = "") -> Future[T]:
        """Start a request; `result` waits for it.

        Args:
            send: makes one attempt.
            read: makes the result from the response, quickly; raises `bad_response` for an unusable one.
            model: that is asked, if the provider may have retired it.
        """
        future = self._submit(send, read, until=self._until, model=model)
        with self._lock:
            over = self._over
            self._running.add(future)
        future.add_done_callback(self._ended)
        if over:
            future.cancel()
        return future

    def result(self, future: Future[T]) -> T:
        """Wait for a request, or for any of the others to fail.

        Raises:
            SaysoError: as `OpenAIConnection.call`.
        """
        try:
            return future.result()
        except CancelledError:
            raise self._failure or Cancelled("The request was cancelled.") from None

    def cancel(self) -> None:
        """Cancel all running requests, and all that are started from now on."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for future in running:
            future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def _ended(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)
            failure = None if future.cancelled() else future.exception()
            self._failure = self._failure or failure
        if failure is not None:
            self.cancel()
