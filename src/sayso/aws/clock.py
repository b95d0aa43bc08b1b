"""The time at a service, from the ``Date`` headers of its responses."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ServerClock:
    """The clock of a service: each response sets it to the second, and the local monotonic clock continues from there.

    So it may be wrong by a second or two, but not by as much as the unset clock of a machine.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._offset_seconds: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether a response has set the time."""
        return self._offset_seconds is not None

    def record(self, headers: Mapping[str, str]) -> None:
        """Set the time from a response that has just arrived; one without a date changes nothing.

        Args:
            headers: of the response, their names in lower case.
        """
        try:
            now = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return
        self._offset_seconds = now - self._clock()

    def now(self) -> float:
        """Unix time in seconds.

        Raises:
            RuntimeError: no response has set the time yet; see `is_set`.
        """
        if self._offset_seconds is None:
            raise RuntimeError("no response has set the time")
        return self._clock() + self._offset_seconds
