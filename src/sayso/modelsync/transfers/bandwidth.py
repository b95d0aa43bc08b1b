"""A limit of bytes per second that all transfers share, and the space that they may use."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sayso.modelsync.errors import VolumeFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BURST_SECONDS = 0.25
_SHARES_PER_SECOND = 16


class Bandwidth:
    """A token bucket of bytes; any thread may use it. Bytes are paid for after they arrived.

    Args:
        bytes_per_second: at least 1; after a quiet time, a quarter of it may arrive at once.
        clock: monotonic seconds.
    """

    def __init__(self, bytes_per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_per_byte = 1 / bytes_per_second
        self.block_bytes = max(bytes_per_second // _SHARES_PER_SECOND, 1)
        """How much should be received before `pay`, so that the limit holds in short times, too."""
        self._clock = clock
        self._paid_until = 0.0
        self._lock = threading.Lock()

    def pay(self, count: int) -> float:
        """Note bytes that arrived.

        Returns:
            The seconds that the caller must wait before it receives more.
        """
        now = self._clock()
        with self._lock:
            self._paid_until = max(self._paid_until, now - _BURST_SECONDS) + count * self._seconds_per_byte
            return max(self._paid_until - now, 0.0)


class Space:
    """The space of the volume that files under way will use; any thread may use it.

    Args:
        free_bytes: how many bytes the volume has now.
        reserve_bytes: how many of them stay free.
    """

    def __init__(self, free_bytes: Callable[[], int], *, reserve_bytes: int) -> None:
        self._free_bytes = free_bytes
        self._reserve_bytes = reserve_bytes
        self._promised_bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def promised(self, size_bytes: int, subject: str) -> Iterator[Callable[[], None]]:
        """Hold the space of a file until the end of the block.

        Returns:
            A function to call when the file system itself has reserved the space.

        Raises:
            VolumeFull: there is not so much space besides the reserve and the other files under way.
            OSError: the volume does not say how much there is.
        """
        self._promise(size_bytes, subject)
        left = [size_bytes]

        def settle() -> None:
            with self._lock:
                self._promised_bytes -= left[0]
                left[0] = 0

        try:
            yield settle
        finally:
            settle()

    def _promise(self, size_bytes: int, subject: str) -> None:
        with self._lock:
            free = self._free_bytes() - self._promised_bytes
            if free - size_bytes < self._reserve_bytes:
                raise VolumeFull(
                    f"There is no space on the volume for {subject}: {size_bytes:,} bytes are needed, {max(free, 0):,} "
                    f"are free, and {self._reserve_bytes:,} of them are kept in reserve."
                )
            self._promised_bytes += size_bytes
