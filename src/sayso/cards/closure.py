"""An engine that is known to be of no use for a while, such as a provider that rejects the key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sayso.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Closure:
    """Closed at once by an error, and open again after a time; for one event loop.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._error: EngineUnavailable | None = None
        self._until = 0.0

    def close(self, error: EngineUnavailable, seconds: float) -> None:
        """Refuse everything with this error for so many seconds."""
        self._error = error
        self._until = self._clock() + seconds

    def check(self) -> None:
        """Return unless it is closed.

        Raises:
            EngineUnavailable: with the reason, and the time until it is open again.
        """
        left_seconds = self._until - self._clock()
        if self._error is not None and left_seconds > 0:
            raise EngineUnavailable(
                self._error.message,
                reason=self._error.reason,
                hint=self._error.hint,
                retry_after_seconds=left_seconds,
            )
