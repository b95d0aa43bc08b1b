"""Something large that is loaded when it is needed, and leaves the memory when nobody has needed it for a while."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Timer(Protocol):
    """Calls something once, later, unless it is cancelled before."""

    def start(self) -> None:
        """Begin to wait."""
        ...

    def cancel(self) -> None:
        """Do not call; without effect when the call has begun."""
        ...


def _thread_timer(seconds: float, callback: Callable[[], None]) -> Timer:
    timer = threading.Timer(seconds, callback)
    timer.daemon = True  # a process that ends need not wait for it
    return timer


class LazyModel(Generic[T]):
    """A model, say, that threads share.

    It is loaded once, by the thread that needs it first, while the others wait; is never unloaded while it is used;
    and is loaded again when it is needed again. Unloading is dropping it: whoever uses it keeps no reference to it.

    Args:
        load: makes it. What it raises comes out of `use`; the next use tries again.
        idle_unload_seconds: how long it stays when nobody uses it; 0 for ever.
        timer: makes a timer of seconds and a callback.
    """

    def __init__(
        self,
        load: Callable[[], T],
        *,
        idle_unload_seconds: float = 0,
        timer: Callable[[float, Callable[[], None]], Timer] = _thread_timer,
    ) -> None:
        self._load = load
        self._idle_unload_seconds = idle_unload_seconds
        self._make_timer = timer
        self._loading = threading.Lock()  # held while loading, and never taken under the other
        self._lock = threading.Lock()  # guards all that follow
        self._held: list[T] = []  # of at most one, so that T may be None
        self._users = 0
        self._timer: Timer | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory."""
        with self._lock:
            return bool(self._held)

    @contextmanager
    def use(self) -> Iterator[T]:
        """Have it for the length of the block.

        Raises:
            Exception: as ``load`` does.
        """
        self._enter()
        try:
            yield self._loaded()
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _loaded(self) -> T:
        with self._loading:
            with self._lock:
                held = self._held
            if not held:  # nobody else can load it now, or unload it while we are a user
                held = [self._load()]
                with self._lock:
                    self._held = held
            return held[0]

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users or not self._held or not self._idle_unload_seconds:
                return
            timer = self._timer = self._make_timer(self._idle_unload_seconds, lambda: self._unload(timer))
        timer.start()

    def _unload(self, timer: Timer) -> None:
        with self._lock:
            if timer is not self._timer:
                return  # somebody came in the meantime
            self._timer = None
            dropped, self._held = self._held, []
        dropped.clear()  # outside the lock: freeing a model takes a moment
