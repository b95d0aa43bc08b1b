"""Show the progress of a transcription, on a terminal or in a log."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from sayso.cli.steps import PercentSteps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from sayso.stt import Progress as OnProgress

_LOGGED_STEP_PERCENT = 25


@contextmanager
def transcription_progress(console: Console, name: str, *, quiet: bool) -> Iterator[OnProgress]:
    """A bar with the remaining time on a terminal, plain lines elsewhere, or nothing."""
    if quiet:
        yield lambda _done_seconds, _total_seconds: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done_seconds, total_seconds: bar.update(task, completed=done_seconds, total=total_seconds)
    else:
        yield _LogLines(console, name)


class _LogLines:
    """A line at each quarter of the way."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._steps = PercentSteps(_LOGGED_STEP_PERCENT)

    def __call__(self, done_seconds: float, total_seconds: float) -> None:
        if self._steps.reached(done_seconds, total_seconds):
            line = f"{self._name}: {self._steps.percent} % of {total_seconds:.0f} s"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
