"""When to retry: an estimate of when the first slot of a scheduler is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_SMOOTHING = 0.2
"""The weight of the latest request in the running mean of what a request computes."""

_ASSUMED_COST_SECONDS = 2.0
"""What a request is assumed to compute before any has ended."""

_SHORTEST_SECONDS, _LONGEST_SECONDS = 1.0, 120.0


class RetryAfterEstimate:
    """See the module; the scheduler's lock guards it.

    Args:
        permits: how many pieces of work compute at once.
    """

    def __init__(self, *, permits: int) -> None:
        self._permits = permits
        self._cost_seconds = _ASSUMED_COST_SECONDS

    def add(self, computed_seconds: float) -> None:
        """Add what a request that has ended computed."""
        self._cost_seconds += _SMOOTHING * (computed_seconds - self._cost_seconds)

    def seconds(self, computed_seconds: Collection[float]) -> float:
        """When the first of some slots is likely to be free, given what each has computed so far.

        The slots share the permits evenly. So the request with the least left to compute, by the mean cost of a
        request, is done when each of them has computed that much.
        """
        most = max(computed_seconds, default=0.0)
        left = max(self._cost_seconds - most, 0.0) * len(computed_seconds) / self._permits
        return min(max(left, _SHORTEST_SECONDS), _LONGEST_SECONDS)
