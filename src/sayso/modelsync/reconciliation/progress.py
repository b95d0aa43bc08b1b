"""How far a reconciliation has come, for a terminal and for ``/sync/status``."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressReport:
    """How far the work has come.

    Attributes:
        phase: ``idle``, ``resolving``, ``listing``, ``scanning``, ``planning``, ``transferring``, ``verifying`` or
            ``cleaning``.
        listed: how many objects were listed so far.
        files: how many files are to be transferred.
        files_done: how many of them are published.
        size_bytes: of the files that are to be transferred.
        done_bytes: how many of them were received or compared.
        seconds: since the transfers began.
    """

    phase: str
    listed: int
    files: int
    files_done: int
    size_bytes: int
    done_bytes: int
    seconds: float

    @property
    def bytes_per_second(self) -> float:
        """The mean rate."""
        return self.done_bytes / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None while that cannot be said."""
        rate = self.bytes_per_second
        return max(self.size_bytes - self.done_bytes, 0) / rate if rate > 0 else None


class Progress:
    """Counts the work; any thread may use it.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._phase = "idle"
        self._listed = 0
        self._files = self._files_done = 0
        self._size_bytes = self._done_bytes = 0
        self._began = clock()

    def enter(self, phase: str) -> None:
        """Begin another phase."""
        with self._lock:
            self._phase = phase

    def listed(self, count: int) -> None:
        """So many objects were listed so far."""
        self._listed = count

    def expect(self, *, files: int, size_bytes: int) -> None:
        """Begin with transfers."""
        with self._lock:
            self._files, self._files_done = files, 0
            self._size_bytes, self._done_bytes = size_bytes, 0
            self._began = self._clock()

    def received(self, count: int) -> None:
        """So many bytes arrived."""
        with self._lock:
            self._done_bytes += count

    def finished(self, files: int = 1) -> None:
        """So many files are done."""
        with self._lock:
            self._files_done += files

    def report(self) -> ProgressReport:
        """How far the work has come."""
        with self._lock:
            return ProgressReport(
                phase=self._phase,
                listed=self._listed,
                files=self._files,
                files_done=self._files_done,
                size_bytes=self._size_bytes,
                done_bytes=min(self._done_bytes, self._size_bytes),
                seconds=self._clock() - self._began,
            )
