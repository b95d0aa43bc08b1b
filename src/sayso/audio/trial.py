"""Whether a file opens in reasonable time, found out by a process that can be ended.

libav compares each tag of a file with all tags before it, in one call that nothing can stop: two megabytes of tags take
minutes, sixteen megabytes take hours. So another process opens a file first, with a bound on its processor time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import structlog

from sayso.errors import NotAudio

_log = structlog.get_logger(__name__)

CPU_SECONDS = 5
"""How much processor time a file may take, and one second more for every `_BYTES_PER_SECOND`."""

_BYTES_PER_SECOND = 16 * 2**20

_SMALL_BYTES = 128 * 1024
"""A smaller file is not tried: its tags take about a second at most."""

_FORMATS_WITH_LATER_TAGS = frozenset({"ogg", "aac"})
"""Formats whose tags may stand anywhere in the file; such a file is read to its end."""

_PROGRAM = "from sayso.audio.trial import main; main()"


def require_quick_opening(path: Path) -> None:
    """Refuse a file that takes too much processor time to open; blocks for as long as that takes.

    Args:
        path: of the file. One that cannot be opened at all is not refused here.

    Raises:
        NotAudio: it takes too long, or ends the process that opens it.
    """
    try:
        size_bytes = path.stat().st_size
    except OSError:
        return
    if size_bytes <= _SMALL_BYTES:
        return
    seconds = CPU_SECONDS + size_bytes // _BYTES_PER_SECOND
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM, str(path), str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        _log.warning("a file is opened untried", error=error.strerror)
        return
    if done.returncode < 0:  # a signal has ended it
        raise NotAudio(f"{path} is not an audio file, or is damaged: its tags take too long to read.")


def main() -> None:
    """Open the file of the first argument within the processor time of the second, in seconds."""
    name, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    from sayso.audio.container import opened

    with suppress(Exception), opened(Path(name)) as container:  # the error occurs again when the file is decoded
        if container.format.name in _FORMATS_WITH_LATER_TAGS:
            for _ in container.demux():
                pass
