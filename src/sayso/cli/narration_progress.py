"""Show the progress of a narration, on a terminal or in a log."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from sayso.cli.clock import clock
from sayso.cli.steps import PercentSteps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from sayso.narration import Progress as NarrationProgress

_LOGGED_STEP_PERCENT = 10
_LEAST_SECONDS_BETWEEN_LINES = 2.0


@contextmanager
def narration_progress(console: Console, name: str, *, quiet: bool) -> Iterator[Callable[[NarrationProgress], None]]:
    """A bar with rate and remaining time on a terminal, plain lines elsewhere, or nothing."""
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task(name, total=None, spoken="0:00", rate="")
            meter = _RateMeter()

            def move(progress: NarrationProgress) -> None:
                bar.update(
                    task,
                    completed=progress.done_characters,
                    total=progress.total_characters,
                    spoken=clock(progress.audio_seconds),
                    rate=meter.rate(progress.audio_seconds),
                )

            yield move
    else:
        yield LogLines(console, name)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[spoken]} spoken{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class _RateMeter:
    """The speed of the synthesis as a multiple of real time, since this object was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def rate(self, audio_seconds: float) -> str:
        elapsed = time.monotonic() - self._began
        return f", {audio_seconds / elapsed:.1f}× real time" if elapsed else ""


class LogLines:
    """A line at each tenth of the way, but not sooner after the previous one than a person can read."""

    def __init__(self, console: Console, name: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._name = name
        self._now = now
        self._steps = PercentSteps(_LOGGED_STEP_PERCENT)
        self._logged_at = now()
        self._meter = _RateMeter()

    def __call__(self, progress: NarrationProgress) -> None:
        """Print a line if one is due."""
        due = self._now() - self._logged_at >= _LEAST_SECONDS_BETWEEN_LINES
        if due and self._steps.reached(progress.done_characters, progress.total_characters):
            self._logged_at = self._now()
            rate = self._meter.rate(progress.audio_seconds)
            line = f"{self._name}: {self._steps.percent} %, {clock(progress.audio_seconds)} spoken{rate}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
