"""What a kill costs: ``sayso narrate`` killed with SIGKILL at random moments, and started again.

Each time the process is killed at a random moment after it has spoken something new. After a kill no output may be
there, complete or not, because the narration was not done. At the end one run is left alone, and its report says how
many segments it found in the cache: all that had been finished when the last kill came. So what is spoken twice is
what was in hand at a kill, at most one segment per worker.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING

from bench.longtext import write_document
from bench.processes import ProcessFailed, narrate_command, narration_report, run, start
from bench.report import Figure, Result

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 3
_MINUTES = 2.0
_SEED = 2026
_NEW_SEGMENTS = (1, 6)
_DELAY_SECONDS = (0.0, 2.0)
_POLL_SECONDS = 0.05


def measure_resume(work: Path) -> Result:
    """Narrate two minutes with three kills, in an empty directory ``work``."""
    document, out, cache = work / "resumed.md", work / "out", work / "cache"
    write_document(document, minutes=_MINUTES)
    chance = random.Random(_SEED)  # noqa: S311 - moments, not secrets
    command = narrate_command(document, out)
    kept, outputs = 0, 0
    for _ in range(KILLS):
        _kill_after(command, cache, kept + chance.randint(*_NEW_SEGMENTS), chance.uniform(*_DELAY_SECONDS))
        kept = _segments(cache)
        outputs += sum(1 for path in out.iterdir() if path.is_file())
    report = narration_report(run(command, cache=cache))
    workers = max(entry["workers"] for entry in json.loads((cache / "tuning.json").read_bytes()).values())
    figures = (
        Figure(
            name="finished segments spoken twice",
            value=max(0, kept - report["cached_segments"]),
            unit="",
            compared_to=f"{kept} in the cache at the last of {KILLS} kills, of {report['segments']}",
            at_most=0,
            decimals=0,
        ),
        Figure(
            name="segments in hand at a kill",
            value=workers,
            unit="",
            compared_to="at most: what is lost, one for each worker",
            decimals=0,
        ),
        Figure(
            name="files that a kill left in the output",
            value=outputs,
            unit="",
            compared_to="the narration was not done",
            at_most=0,
            decimals=0,
        ),
    )
    return Result(name="resume", figures=figures)


def _kill_after(command: list[str], cache: Path, segments: int, delay_seconds: float) -> None:
    """Start a narration, and kill it some time after the cache holds so many segments."""
    process = start(command, cache=cache)
    while _segments(cache) < segments:
        if process.poll() is not None:
            raise ProcessFailed(f"It ended by itself ({process.returncode}) before it could be killed: {command}")
        time.sleep(_POLL_SECONDS)
    time.sleep(delay_seconds)
    process.kill()
    process.wait()


def _segments(cache: Path) -> int:
    """How many segments the cache holds."""
    return sum(1 for _ in cache.glob("*/*.entry"))
