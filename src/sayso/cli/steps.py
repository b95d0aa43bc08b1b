"""When a log should report the progress of the work."""

from __future__ import annotations


class PercentSteps:
    """Tells when the next step of the progress is reached, once for each step; one thread at a time.

    Attributes:
        percent: the last step that was reached.
    """

    def __init__(self, step_percent: int) -> None:
        self._step_percent = step_percent
        self.percent = 0

    def reached(self, done: float, total: float) -> bool:
        """Whether ``done`` of ``total`` reaches a new step; a total of zero counts as complete."""
        percent = int(100 * done / total) if total else 100
        if percent < self.percent + self._step_percent:
            return False
        self.percent = percent - percent % self._step_percent
        return True
