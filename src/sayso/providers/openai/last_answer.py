"""What the latest request to a provider came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LastAnswer:
    """The outcome of the latest attempt.

    Attributes:
        status: the HTTP status; None when there was no response.
        reason: why the engine was unavailable, as in `EngineUnavailable`; None when it was not.
        at_seconds: when, in Unix time.
        failing_since_seconds: when the first of the failures in a row happened, in Unix time; None for a success.
    """

    status: int | None
    reason: str | None
    at_seconds: float
    failing_since_seconds: float | None = None

    @classmethod
    def after(cls, before: LastAnswer | None, *, status: int | None, reason: str | None, now: float) -> LastAnswer:
        """The outcome of an attempt that ended now, after another one or None."""
        since = None if before is None else before.failing_since_seconds
        failing_since = None if reason is None else now if since is None else since
        return cls(status=status, reason=reason, at_seconds=now, failing_since_seconds=failing_since)
