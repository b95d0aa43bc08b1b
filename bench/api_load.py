"""Is the server there while it works: ``/health`` and ``/metrics`` while clients keep every core busy.

``sayso run api`` runs as a process of its own with local engines and an empty speech cache. At each level so many
clients, in one process that does little else than wait, ask for speech (streamed; no two texts are alike) and every
fourth time for the transcript of a short recording. Who is told 429 waits as long as ``Retry-After`` says. Another
process asks for ``/health`` and ``/metrics`` in turn, one probe every 50 ms, on a connection that stays open, as
Prometheus does. Time to first audio is from sending the request to the first byte of sound.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.processes import ROOT, ProcessFailed, run
from bench.report import Figure, Result, Table
from bench.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LEVELS = (1, 8, 32)
GOAL_MS = 50.0

_ALLOWED = {200, 429}
_GRACE_SECONDS = 600.0
_RECORDING = "The keeper climbed the stairs at dusk, and lit the lamp."


def measure_api_load(work: Path, *, seconds: float) -> Result:
    """Probe the server at each level for so many seconds."""
    recording = work / "recording.wav"
    run([sys.executable, "-m", "sayso", "say", _RECORDING, "-o", str(recording)])
    with ServerProcess(work) as server:
        levels = [_level(server, recording, clients, seconds) for clients in LEVELS]
    figures = [figure for clients, level in zip(LEVELS, levels, strict=True) for figure in _figures(clients, level)]
    tables = (_probes(levels), _work(levels))
    return Result(name="api-load", figures=figures, tables=tables)


def _level(server: ServerProcess, recording: Path, clients: int, seconds: float) -> dict[str, Any]:
    """What the clients and the probe found."""
    common = ["--url", server.root_url, "--key", server.key, "--seconds", f"{seconds:g}"]
    load = _started("bench.api_clients", "load", *common, "--clients", str(clients), "--recording", str(recording))
    probe = _started("bench.api_clients", "probe", *common)
    return {"clients": clients, "probe": _ended(probe, seconds), **_ended(load, seconds)}


def _started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    output, _ = process.communicate(timeout=seconds + _GRACE_SECONDS)
    if process.returncode:
        raise ProcessFailed(f"{process.args!r} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output)
    return found


def _figures(clients: int, level: dict[str, Any]) -> list[Figure]:
    others = {status: count for status, count in level["statuses"].items() if int(status) not in _ALLOWED}
    told = ", ".join(f"{count} × {status}" for status, count in level["statuses"].items())
    figures = [
        Figure(
            name=f"{path} p95, {clients} clients",
            value=_percentile(times, 95),
            unit="ms",
            compared_to=f"p50 {_percentile(times, 50):.1f}, max {max(times):.1f}, {len(times)} probes",
            at_most=GOAL_MS,
            decimals=1,
        )
        for path, times in level["probe"]["milliseconds"].items()
    ]
    wrong = sum(others.values()) + level["without_retry_after"] + level["probe"]["failed"]
    return [
        *figures,
        Figure(
            name=f"answers but 200 and 429, {clients} clients",
            value=wrong,
            unit="",
            compared_to=f"{told}; and 429 without Retry-After, failed probes; 0 is no answer",
            at_most=0,
            decimals=0,
        ),
    ]


def _probes(levels: Sequence[dict[str, Any]]) -> Table:
    rows = [
        (
            str(level["clients"]),
            path,
            str(len(times)),
            *(f"{_percentile(times, percent):.1f}" for percent in (50, 95, 100)),
        )
        for level in levels
        for path, times in level["probe"]["milliseconds"].items()
    ]
    columns = ("clients", "path", "probes", "p50", "p95", "max")
    return Table(title="Probes while clients work, ms", columns=columns, rows=rows)


def _work(levels: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for level in levels:
        first, transcripts = level["first_audio_seconds"], level["transcript_seconds"]
        rows.append(
            (
                str(level["clients"]),
                str(len(first)),
                f"{_percentile(first, 50):.2f}",
                f"{_percentile(first, 95):.2f}",
                str(len(transcripts)),
                f"{_percentile(transcripts, 50):.2f}",
                f"{_percentile(transcripts, 95):.2f}",
                f"{level['ended'] / level['seconds']:.2f}",
                ", ".join(f"{status}: {count}" for status, count in Counter(level["statuses"]).items()),
            )
        )
    columns = (
        "clients",
        "speeches",
        "first audio p50, s",
        "p95, s",
        "transcripts",
        "p50, s",
        "p95, s ",
        "requests/s",
        "statuses",
    )
    return Table(title="What the clients saw", columns=columns, rows=rows)


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("nan")
