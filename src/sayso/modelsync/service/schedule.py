"""When the next reconciliation and clean-up are due, and when incomplete sets are looked at again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NEVER = float("inf")

_FAILED_SECONDS = 15.0
_MOST_DOUBLINGS = 6

"""After errors a reconciliation is tried again so soon, and later each time."""

_CLEAN_UP_SECONDS = 3600.0
"""How often a volume is cleaned up where no reconciliation does it."""


class SyncSchedule:
    """What is due when; for the thread of the service.

    Args:
        interval_seconds: between reconciliations; 0 for none.
        quiet_seconds: how long an incomplete set is left alone, at least a second.
        clock: monotonic seconds: a change of the time of day delays nothing.
    """

    def __init__(
        self, *, interval_seconds: float, quiet_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval_seconds = interval_seconds or _NEVER
        self._quiet_seconds = max(quiet_seconds, 1.0)
        self._clock = clock
        self._next_at = -_NEVER
        self._failures = 0
        self._recheck_at: dict[str, float] = {}
        self._clean_up_at = -_NEVER

    @property
    def is_reconciliation_due(self) -> bool:
        """Whether a reconciliation is due now."""
        return self._next_at <= self._clock()

    def due_seconds(self) -> float:
        """How long until something is due; not positive if something is."""
        return min([self._next_at, self._clean_up_at, *self._recheck_at.values()]) - self._clock()

    @property
    def is_clean_up_due(self) -> bool:
        """Whether a clean-up is due now."""
        return self._clean_up_at <= self._clock()

    def cleaned_up(self) -> None:
        """A clean-up has ended, also as a part of a reconciliation."""
        self._clean_up_at = self._clock() + _CLEAN_UP_SECONDS

    def reconcile_at_once(self) -> None:
        """A reconciliation is due now."""
        self._next_at = -_NEVER

    def reconciled(self, *, is_successful: bool) -> None:
        """A reconciliation has ended; the next one comes sooner if it had errors."""
        self._failures = 0 if is_successful else self._failures + 1
        self._next_at = self._clock() + self._pause_seconds()
        self.cleaned_up()

    def _pause_seconds(self) -> float:
        if not self._failures:
            return self._interval_seconds
        return min(self._interval_seconds, _FAILED_SECONDS * 2.0 ** min(self._failures - 1, _MOST_DOUBLINGS))

    def recheck_later(self, prefixes: Iterable[str]) -> None:
        """Look at incomplete sets again after a while."""
        at = self._clock() + self._quiet_seconds
        for prefix in prefixes:
            self._recheck_at.setdefault(prefix, at)

    def take_due_prefixes(self) -> list[str]:
        """The prefixes of the sets that are to be looked at now; they are due no more."""
        now = self._clock()
        due = [prefix for prefix, at in self._recheck_at.items() if at <= now]
        for prefix in due:
            del self._recheck_at[prefix]
        return due
