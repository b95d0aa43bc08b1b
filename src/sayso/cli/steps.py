"""When a log that nobody watches should say how far the work is."""

from __future__ import annotations


class PercentSteps:
    """Tells when the next step of the way is reached, each once; one thread at a time.

    Attributes:
        percent: the last step that was reached.
    """

    def __init__(self, step_percent: int) -> None:
        self._step_percent = step_percent
        self.percent = 0

    def reached(self, done: float, total: float) -> bool:
        """Whether ``done`` of ``total`` is a further step; nothing in all is everything."""
        percent = int(100 * done / total) if total else 100
        if percent < self.percent + self._step_percent:
            return False
        self.percent = percent - percent % self._step_percent
        return True
