"""The resources that this process uses, on Linux and macOS."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from sayso.machine import processors


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """The resources that a process uses.

    Attributes:
        resident_bytes: current memory; the peak where the system does not tell (macOS).
        peak_resident_bytes: peak memory.
        user_seconds: processor time of its own code.
        system_seconds: processor time of the system on its behalf.
        processors: how many it may use.
        processes: itself and its child processes; 1 where the system does not tell.
    """

    resident_bytes: int
    peak_resident_bytes: int
    user_seconds: float
    system_seconds: float
    processors: int
    processes: int


def usage() -> Usage:
    """The resources that this process uses now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # getrusage(2): bytes there, KiB here
    return Usage(
        resident_bytes=_resident_bytes() or peak,
        peak_resident_bytes=peak,
        user_seconds=used.ru_utime,
        system_seconds=used.ru_stime,
        processors=processors(),
        processes=1 + _children(),
    )


def _resident_bytes() -> int:
    """From /proc, where the second field is the number of resident pages; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _children() -> int:
    """The number of running child processes of this process's threads; 0 where /proc does not tell."""
    count = 0
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            count += len(listing.read_text().split())
        except OSError:  # the thread has just ended
            continue
    return count
