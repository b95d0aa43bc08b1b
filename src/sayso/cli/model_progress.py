"""Show the progress of a pull, on a terminal or in a log."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.filesize import decimal as readable_size
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from sayso.cli.steps import PercentSteps
from sayso.models import FileState, SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from sayso.models import FileStatus, Model, PullProgress

_LOGGED_STEP_PERCENT = 25


@contextmanager
def pull_progress(console: Console, *, quiet: bool) -> Iterator[PullProgress]:
    """Progress bars on a terminal, plain lines elsewhere, nothing if it is quiet."""
    if quiet:
        yield SilentProgress()
    elif console.is_terminal:
        with byte_bars(console) as bars:
            yield TerminalProgress(bars)
    else:
        yield LineProgress(console)


def byte_bars(console: Console) -> Progress:
    """Bars that count bytes, with the rate and the remaining time."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console)


class LineProgress:
    """Plain lines: what is pulled and why, from where, each quarter of the way, and the failures of sources."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = PercentSteps(_LOGGED_STEP_PERCENT)

    def waiting(self, model: Model) -> None:
        """Say why nothing happens."""
        self._say(model, "another process is pulling it; waiting")

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:
        """Name the corrupt files, and the bytes to be pulled."""
        self._steps = PercentSteps(_LOGGED_STEP_PERCENT)
        for status in unsound:
            if status.state is FileState.CORRUPT:
                self._say(model, f"{status.file.path} is corrupt ({status.detail}) and is pulled again")
        size_bytes = sum(status.file.size_bytes for status in unsound)
        self._say(model, f"pulling {_count(len(unsound), 'file')}, {readable_size(size_bytes)}")

    def trying(self, model: Model, place: str) -> None:
        """Name the place."""
        self._say(model, f"from {place}")

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """Print a line for each quarter."""
        if self._steps.reached(done_bytes, total_bytes):
            self._say(model, f"{self._steps.percent} %")

    def source_failed(self, model: Model, place: str, reason: str) -> None:
        """Print the reason."""
        self._say(model, f"{place} did not deliver: {reason}")

    def finished(self, model: Model) -> None:
        """Say that the model can be used."""
        self._say(model, "complete")

    def _say(self, model: Model, what: str) -> None:
        self._console.print(f"{model.name}: {what}", markup=False, highlight=False, soft_wrap=True)


class TerminalProgress(LineProgress):
    """The same lines, with a bar instead of the quarters."""

    def __init__(self, bars: Progress) -> None:
        super().__init__(bars.console)
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """Move the model's bar."""
        if model.name not in self._tasks:
            self._tasks[model.name] = self._bars.add_task(model.name, total=total_bytes)
        self._bars.update(self._tasks[model.name], completed=done_bytes, total=total_bytes)

    def finished(self, model: Model) -> None:
        """Replace the bar by a line."""
        task = self._tasks.pop(model.name, None)
        if task is not None:
            self._bars.remove_task(task)
        super().finished(model)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
