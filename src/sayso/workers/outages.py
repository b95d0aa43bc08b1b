"""Times in which a worker takes no jobs: why, since when, and whether an operator has to act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from sayso.errors import InvalidInput, ResourceMissing, SaysoError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

_PASSING_SECONDS = 15.0
"""A shorter pause is no trouble, unless something is missing that an operator has to create."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outage:
    reason: str
    since: float
    is_definite: bool


class Outages:
    """The pauses of one worker, which begins and ends them on its loop; any thread may read `trouble`.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._now: _Outage | None = None

    @property
    def is_on(self) -> bool:
        """Whether there is one now."""
        return self._now is not None

    @property
    def trouble(self) -> str | None:
        """Why there is one that lasts, in a sentence."""
        pause = self._now
        if pause is None or not (pause.is_definite or self._clock() - pause.since > _PASSING_SECONDS):
            return None
        return pause.reason

    def begin(self, error: Exception) -> str:
        """Begin a pause, or go on with it, and return its reason, which is logged once and not at each try."""
        hint: str | None = None
        is_known = isinstance(error, SaysoError)
        if isinstance(error, SaysoError):
            reason, hint = error.message, error.hint
        else:
            reason = f"{type(error).__name__}: {error}"
        if self._now is None or self._now.reason != reason:
            _log.warning("no jobs are taken for now", reason=reason, hint=hint, exc_info=not is_known)
        since = self._clock() if self._now is None else self._now.since
        is_definite = not is_known or isinstance(error, ResourceMissing | InvalidInput)
        self._now = _Outage(reason=reason, since=since, is_definite=is_definite)
        return reason

    def end(self) -> None:
        """Jobs are taken again."""
        if self._now is not None:
            _log.info("jobs are taken again", seconds=round(self._clock() - self._now.since, 1))
            self._now = None
