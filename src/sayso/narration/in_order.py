"""Do work on several threads, each piece of it chosen when a thread is free, and give the results in order."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class InOrder(Generic[T]):
    """Iterated once; the iterating thread owns the pool of threads that work.

    Args:
        choose: the next piece of work, or None at the end; called by one thread at a time.
        workers: how many threads.
        most_ahead: how many pieces may be begun or done that were not yet taken.
    """

    def __init__(self, choose: Callable[[], Callable[[], T] | None], *, workers: int, most_ahead: int) -> None:
        self._choose = choose
        self._workers = workers
        self._most_ahead = most_ahead
        self._choosing = threading.Lock()  # held while `choose` runs
        self._changed = threading.Condition()  # guards all that follows
        self._results: deque[Future[T]] = deque()
        self._choosers = workers
        self._is_over = False

    def __iter__(self) -> Iterator[T]:
        """The results. When it stops early, nothing further is begun, and what is in progress is waited for.

        Raises:
            Exception: the first one of ``choose`` or of the work, when the results before it were given.
        """
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="speak")
        try:
            for _ in range(self._workers):
                pool.submit(self._work)
            while (result := self._next_result()) is not None:
                yield result.result()
        finally:
            self._end()
            pool.shutdown(cancel_futures=True)

    def _next_result(self) -> Future[T] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._results or not self._choosers)
            result = self._results.popleft() if self._results else None
            self._changed.notify_all()
        return result

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while (chosen := self._chosen()) is not None:
                work, result = chosen
                try:
                    result.set_result(work())
                except BaseException as error:  # noqa: BLE001 -- the iterating thread raises it
                    self._end()
                    result.set_exception(error)
        finally:
            with self._changed:
                self._choosers -= 1
                self._changed.notify_all()

    def _chosen(self) -> tuple[Callable[[], T], Future[T]] | None:
        with self._choosing:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or len(self._results) < self._most_ahead)
                if self._is_over:
                    return None
            result: Future[T] = Future()
            try:
                work = self._choose()
            except BaseException as error:  # noqa: BLE001 -- the iterating thread raises it
                work = None
                result.set_exception(error)
            with self._changed:
                self._is_over = work is None
                if work is not None or result.done():
                    self._results.append(result)
                self._changed.notify_all()
            return None if work is None else (work, result)
