"""What time it is at a service, by what it says in its own answers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ServerClock:
    """The clock of a service: each of its answers tells it to the second, and from there our own goes on to the next.

    So it may be wrong by a second or two, and never by as much as the clock of a machine that nobody has set.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._offset_seconds: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether the service has told its time."""
        return self._offset_seconds is not None

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take the time from an answer that has just come; one that does not tell it changes nothing.

        Args:
            headers: of the answer, their names in lower case.
        """
        try:
            now = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return
        self._offset_seconds = now - self._clock()

    def now(self) -> float:
        """Unix time in seconds.

        Raises:
            RuntimeError: the service has not told it yet; see `is_set`.
        """
        if self._offset_seconds is None:
            raise RuntimeError("no answer has told the time")
        return self._clock() + self._offset_seconds
