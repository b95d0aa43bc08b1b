"""The resources of this machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path


def processors() -> int:
    """How many processors this process may use: in a container fewer than the machine has (not known on macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_busy() -> bool:
    """Whether more wants to run than this process's processors can: then nothing that is measured means much."""
    try:
        return os.getloadavg()[0] > processors()
    except OSError:  # the system does not say
        return False


def available_memory_bytes(root: Path = Path("/")) -> int:
    """How much memory this process may still take: of the machine, or of its container where that has less.

    What the page cache holds counts as available, as in Linux's ``MemAvailable``. Where the system does not say
    (macOS), all of its memory counts.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    found = [_of_machine(root / "proc/meminfo"), _of_container(root / "sys/fs/cgroup")]
    known = [size_bytes for size_bytes in found if size_bytes is not None]
    return min(known) if known else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def return_free_memory() -> None:
    """Give memory that was freed back to the system, where the C library can (glibc keeps much of it otherwise)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _of_container(cgroup: Path) -> int | None:
    """By the second version of control groups: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory."""
    try:
        limit, used = (cgroup / "memory.max").read_text().strip(), int((cgroup / "memory.current").read_text())
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return None if limit == "max" else int(limit) - used + int(statistics.get("inactive_file", 0))
