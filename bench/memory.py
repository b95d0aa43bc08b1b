"""How much memory an hour takes: the peak of ``sayso narrate`` over an hour of audio, nothing of it in the cache.

The process is watched from outside through Linux's ``VmHWM`` (the most that was ever resident). For comparison one
minute is narrated as well: what is left after subtracting that is what grows with the document. The audio alone,
held in memory as 32-bit samples, would take 330 MiB for an hour. How this machine speaks best is measured beforehand,
as it is once on every machine: that loads the model several times over and would hide what a narration takes.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from bench.longtext import write_document
from bench.processes import narrate_command, narration_report, run
from bench.report import Figure, Result

if TYPE_CHECKING:
    from pathlib import Path

_MIB = 2**20
_SHORT_MINUTES = 1.0
_TUNED = "tuned"


def measure_memory(work: Path, *, minutes: float) -> Result:
    """Narrate one minute and then ``minutes``, in an empty directory ``work``."""
    _tune(work / _TUNED)
    short_bytes, short_seconds, _ = _narrate(work, _SHORT_MINUTES)
    peak_bytes, audio_seconds, segments = _narrate(work, minutes)
    length = f"{audio_seconds / 60:.1f} minutes of audio in {segments} segments"
    figures = (
        Figure(name="peak memory", value=peak_bytes / _MIB, unit="MiB", compared_to=length, decimals=0),
        Figure(
            name="growth of the peak",
            value=(peak_bytes - short_bytes) / _MIB,
            unit="MiB",
            compared_to=f"{short_bytes / _MIB:.0f} MiB for {short_seconds / 60:.1f} minutes",
            decimals=0,
        ),
        Figure(
            name="the audio alone, if it were in memory",
            value=audio_seconds * 24_000 * 4 / _MIB,
            unit="MiB",
            compared_to="float32 at 24 kHz",
            decimals=0,
        ),
    )
    return Result(name="memory", figures=figures)


def _tune(cache: Path) -> None:
    """Have Sayso measure this machine, which it does when it first speaks, and keep the answer in a cache."""
    run([sys.executable, "-m", "sayso", "say", "One, two, three.", "-o", str(cache.with_suffix(".wav"))], cache=cache)


def _narrate(work: Path, minutes: float) -> tuple[int, float, int]:
    """Narrate so many minutes: peak bytes, seconds of audio, segments."""
    document = work / f"memory-{minutes:g}.md"
    write_document(document, minutes=minutes)
    cache = work / f"cache-{minutes:g}"
    shutil.copytree(work / _TUNED, cache, ignore=shutil.ignore_patterns("*.entry"))
    finished = run(narrate_command(document, work / "out"), cache=cache, watch_memory=True)
    report = narration_report(finished)
    if report["cached_segments"]:
        raise ValueError(f"{report['cached_segments']} segments of {document} were in the cache")
    return finished.peak_bytes, report["audio_seconds"], report["segments"]
