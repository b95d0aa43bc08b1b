"""Whole processes, measured from their start to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
_POLL_SECONDS = 0.05


class ProcessFailed(Exception):
    """A process that is measured ended with an error; its standard error is the message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One process.

    Attributes:
        wall_seconds: from before it was started until it had ended.
        cpu_seconds: processor time of it and of the children that it waited for, system time included.
        peak_bytes: the most memory that was resident at once; 0 where it was not watched.
        output: what it printed.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def run(arguments: Sequence[str], *, cache: Path | None = None, watch_memory: bool = False) -> Run:
    """Run a program to its end, alone.

    Args:
        arguments: the program and its arguments.
        cache: the speech cache for it, in place of the user's.
        watch_memory: read its peak memory every 50 ms from Linux's ``VmHWM``, which never falls, so that only growth
            in the last 50 ms is missed. (``ru_maxrss`` will not do: on Linux it begins with the parent's.)

    Raises:
        ProcessFailed: it ended with an error.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = start(arguments, cache=cache, output=output, errors=errors)
        peak_bytes = 0
        if watch_memory:
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                peak_bytes = max(peak_bytes, peak_bytes_of(process.pid))
                time.sleep(_POLL_SECONDS)
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise ProcessFailed(f"{' '.join(arguments)} ended with {process.returncode}:\n{errors.read().decode()}")
        return Run(
            wall_seconds=wall_seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=peak_bytes,
            output=output.read().decode(),
        )


def start(
    arguments: Sequence[str], *, cache: Path | None = None, output: Any = subprocess.DEVNULL, errors: Any = None
) -> subprocess.Popen[bytes]:
    """Start a program with an environment in which only the speech cache is ours."""
    environment = dict(os.environ)
    if cache is not None:
        environment["SAYSO_CACHE_DIR"] = str(cache)
    return subprocess.Popen(list(arguments), env=environment, cwd=ROOT, stdout=output, stderr=errors)


def narrate_command(document: Path, out: Path, *options: str) -> list[str]:
    """``sayso narrate --json`` of a document, by this interpreter."""
    return [sys.executable, "-m", "sayso", "narrate", str(document), "--out", str(out), "--json", *options]


def narration_report(run: Run) -> dict[str, Any]:
    """What ``sayso narrate --json`` said of its one document."""
    report: dict[str, Any] = json.loads(run.output)["narrations"][0]
    return report


def peak_bytes_of(pid: int) -> int:
    """The most memory of a process that was ever resident, from Linux's ``VmHWM``; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # it has ended and waits to be collected
