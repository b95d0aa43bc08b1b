"""Show how far a synchronisation has come: bars on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from sayso.modelsync.reconciliation.progress import ProgressReport

_LOOK_SECONDS = 0.1
_LINE_SECONDS = 5.0


@contextmanager
def shown_progress(console: Console, report: Callable[[], ProgressReport], *, quiet: bool = False) -> Iterator[None]:
    """Show the progress during the block, from a thread of its own."""
    if quiet:
        yield
        return
    over = threading.Event()
    show = _bars if console.is_terminal else _lines
    thread = threading.Thread(target=show, args=(console, report, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def line_of(report: ProgressReport) -> str:
    """How far it has come, in words."""
    from rich.filesize import decimal as readable_size

    if report.phase != "transferring":
        listed = f", {report.listed:,} objects" if report.listed else ""
        return f"{report.phase}{listed}"
    left = report.seconds_left
    rest = "" if left is None else f", {left:.0f} s left"
    return (
        f"{report.files_done:,} of {report.files:,} files, {readable_size(report.done_bytes)} of "
        f"{readable_size(report.size_bytes)}, {readable_size(int(report.bytes_per_second))}/s{rest}"
    )


def _lines(console: Console, report: Callable[[], ProgressReport], over: threading.Event) -> None:
    while not over.wait(_LINE_SECONDS):
        console.print(line_of(report()), markup=False, highlight=False, soft_wrap=True)


def _bars(console: Console, report: Callable[[], ProgressReport], over: threading.Event) -> None:
    from sayso.cli.model_progress import byte_bars

    with byte_bars(console) as bars:
        task = bars.add_task("starting", total=None)
        while not over.wait(_LOOK_SECONDS):
            _show(bars, task, report())
        _show(bars, task, report())


def _show(bars: Progress, task: TaskID, now: ProgressReport) -> None:
    if now.files:
        description = f"{now.files_done:,} of {now.files:,} files"
        bars.update(task, description=description, total=now.size_bytes, completed=now.done_bytes)
    else:
        bars.update(task, description=line_of(now))
