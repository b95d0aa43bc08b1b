"""What killed workers leave in their work directory, once a worker has removed what is a day old."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from chaos.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_DAY_SECONDS = 24 * 3600.0


def left_at_work(
    work: Path, logs: Path, environment: Callable[[str], Mapping[str, str]], command: Sequence[str]
) -> list[str]:
    """The paths that are left after another worker has started and stopped.

    Args:
        work: the directory, whose entries are made a day old.
        logs: for the worker's log.
        environment: of the worker, by its name.
        command: of the worker.
    """
    long_ago = time.time() - _DAY_SECONDS
    for directory in work.glob("*"):
        os.utime(directory, (long_ago, long_ago))
    with Crew(1, logs, environment, prefix="sweeper", command=command) as crew:
        crew.await_health()
        crew.close()
    return [str(path) for path in work.glob("*")]
