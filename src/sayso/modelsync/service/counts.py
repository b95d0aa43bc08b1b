"""How many messages were processed since the start."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class MessageCounts:
    """Counts messages; any thread may use it.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.began_at = clock()
        """Unix time in seconds."""
        self.processed = 0
        self.failed = 0
        self.last_at: float | None = None
        """When a message was processed last, as Unix time; None if none was."""
        self.received_bytes = 0
        self.files = 0

    def message(self, *, is_done: bool) -> None:
        """Count a message."""
        with self._lock:
            self.processed += 1
            self.failed += not is_done
            self.last_at = self._clock()

    def fetched(self, *, files: int, received_bytes: int) -> None:
        """Count files."""
        with self._lock:
            self.files += files
            self.received_bytes += received_bytes

    @property
    def uptime_seconds(self) -> float:
        """Since the start."""
        return self._clock() - self.began_at

    @property
    def success_rate(self) -> float:
        """Which part of the messages succeeded; 1 if there were none."""
        return 1 - self.failed / self.processed if self.processed else 1.0
