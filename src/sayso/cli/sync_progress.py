"""Show how far a synchronisation has come on a terminal; elsewhere nothing, so that logs and pipes stay clean."""

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


@contextmanager
def shown_progress(console: Console, report: Callable[[], ProgressReport], *, quiet: bool = False) -> Iterator[None]:
    """Show the progress during the block on a terminal, from a thread of its own."""
    if quiet or not console.is_terminal:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_bars, args=(console, report, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


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
        listed = f", {now.listed:,} objects" if now.listed else ""
        bars.update(task, description=f"{now.phase}{listed}")
