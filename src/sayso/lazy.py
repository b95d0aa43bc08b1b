"""A large object that is loaded when it is first used, and unloaded when it has been idle for a while."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Timer(Protocol):
    """Calls a function once, after a delay, unless it is cancelled first."""

    def start(self) -> None:
        """Start the delay."""
        ...

    def cancel(self) -> None:
        """Cancel the call; without effect when the call has begun."""
        ...


def _thread_timer(seconds: float, callback: Callable[[], None]) -> Timer:
    timer = threading.Timer(seconds, callback)
    timer.daemon = True  # a process that ends does not wait for it
    return timer


class LazyModel(Generic[T]):
    """Loads a model on first use, shares it between threads, and unloads it when idle.

    The thread that needs it first loads it once, while the others wait. It is never unloaded while in use, and is
    loaded again at the next use. To unload is to drop the reference, so users keep none of their own.

    Args:
        load: makes the model. Its exception leaves `use`; the next use tries again.
        idle_unload_seconds: how long an unused model stays loaded; 0 for ever.
        timer: makes a timer from seconds and a callback.
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
        self._lock = threading.Lock()  # guards all attributes below
        self._held: list[T] = []  # holds at most one model; a list, so that T may be None
        self._users = 0
        self._timer: Timer | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        with self._lock:
            return bool(self._held)

    def retire(self) -> None:
        """Unload it no more when idle, and keep no timer: it leaves the memory with the last reference to this."""
        with self._lock:
            self._idle_unload_seconds = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    @contextmanager
    def use(self) -> Iterator[T]:
        """Use the model for the length of the block.

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
            if not held:  # only this thread can load it now, and it cannot be unloaded while `_users` counts us
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
                return  # a new user came in the meantime
            self._timer = None
            dropped, self._held = self._held, []
        dropped.clear()  # outside the lock: freeing a model takes a moment
