"""Fetching a bucket into a directory: Sayso against s5cmd, rclone and boto3, from one local server, in turns.

Sayso is measured as people use it: ``sayso sync full`` as a whole process, and ``sayso run sync``, which is running
when files come to the bucket. Both verify each file, sync it and its directory, and keep a journal. rclone compares
MD5s, s5cmd and boto3 compare nothing, and none of them syncs; the time until the disk has everything is shown apart.
All of them meet the same server (`bench.object_server`), which stores its ETags and checksums.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.memory_limit import memory_group
from bench.processes import ProcessFailed, run
from bench.report import Figure, Result, Table
from bench.sync_loads import (
    LARGE,
    MEBIBYTE,
    MEDIUM,
    SMALL,
    UNCHANGED,
    check,
    clear,
    fill,
    memory_directory,
    object_server,
    scaled,
    settled_seconds,
)
from bench.sync_tools import OURS, SERVICE, Command, Place, Taken, fetching_tools, repeating_tools

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.sync_loads import Load
    from bench.sync_tools import Tool

_OWN = frozenset({SERVICE, OURS})
_LIMIT_BYTES = 128 * MEBIBYTE


@dataclass(kw_only=True, slots=True)
class _Series:
    """The runs of one tool with one load."""

    taken: list[Taken] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def wall(self) -> list[float]:
        return [each.wall_seconds for each in self.taken]

    @property
    def until_stored(self) -> list[float]:
        return [taken.wall_seconds + seconds for taken, seconds in zip(self.taken, self.settled, strict=True)]

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(each.cpu_seconds for each in self.taken)

    @property
    def requests(self) -> int:
        return self.taken[-1].requests


def measure_sync(work: Path, *, runs: int, scale: float = 1.0) -> Result:
    """Measure all tools with all loads, into memory and onto the disk.

    Args:
        work: an empty directory; it needs twice the bytes of the largest load, and memory as much again.
        runs: rounds; in each, every tool runs once with every load.
        scale: of the loads, for a trial.
    """
    loads = [scaled(load, scale) for load in (SMALL, MEDIUM, LARGE)]
    unchanged = scaled(UNCHANGED, scale)
    needed = sum(load.files * load.size_bytes for load in loads) + max(load.files * load.size_bytes for load in loads)
    with memory_directory(needed + 2**30) as memory:
        data = (memory or work) / "objects"
        for load in (*loads, unchanged):
            fill(data, load)
        with object_server(data) as endpoint:
            place = Place(endpoint=endpoint, data=data, log=work / "services.log")
            tables: list[Table] = []
            figures: list[Figure] = []
            for where, directory in (("in memory (tmpfs)", memory), ("on the disk", work)):
                if directory is not None:
                    _fetch(place, loads, directory / "out", where, runs, tables, figures)
            _repeat(place, unchanged, work / "out", runs, tables, figures)
            tables.extend(_limited(place, loads[-1], work / "out"))
    return Result(name="sync", tables=tuple(tables), figures=tuple(figures))


def _fetch(
    place: Place, loads: list[Load], out: Path, where: str, runs: int, tables: list[Table], figures: list[Figure]
) -> None:
    """Measure how empty directories are filled."""
    rows: list[tuple[str, ...]] = []
    for load in loads:
        found = _in_turns(place, load, out, fetching_tools(), runs)
        ours = found[SERVICE]
        for name, series in found.items():
            median = statistics.median(series.wall)
            rows.append(
                (
                    load.title,
                    name,
                    f"{median:.2f} s",
                    f"{min(series.wall):.2f} s",
                    f"{statistics.median(series.until_stored):.2f} s",
                    f"{load.gibibytes * 1024 / median:,.0f} MiB/s",
                    f"{series.cpu_seconds / load.gibibytes:.2f} s",
                    f"{series.peak_bytes / MEBIBYTE:,.0f} MiB",
                    f"{series.requests:,}",
                    f"{_ratio(series.wall, ours.wall):.2f}",
                    f"{_ratio(series.until_stored, ours.until_stored):.2f}",
                )
            )
        figures.extend(_against_the_fastest(f"sync {where}, {load.title}", found, runs))
    columns = ("median", "best", "until stored", "rate", "CPU per GiB", "peak memory", "requests", "ratio", "… stored")
    tables.append(
        Table(
            title=f"A bucket into an empty directory {where}; ratio: their time over the service's, median of rounds",
            columns=("files", "tool", *columns),
            rows=tuple(rows),
        )
    )


def _repeat(place: Place, load: Load, out: Path, runs: int, tables: list[Table], figures: list[Figure]) -> None:
    """Measure what it takes to find that nothing is to be done."""
    found = _in_turns(place, load, out, repeating_tools(), runs, is_repeated=True)
    rows = [
        (
            name,
            f"{statistics.median(series.wall):.2f} s",
            f"{min(series.wall):.2f} s",
            f"{series.cpu_seconds:.2f} s",
            f"{series.requests:,}",
            f"{_ratio(series.wall, found[SERVICE].wall):.2f}",
        )
        for name, series in found.items()
    ]
    tables.append(
        Table(
            title=f"Nothing to do: {load.files:,} files that are there already",
            columns=("tool", "median", "best", "CPU", "requests", "ratio"),
            rows=tuple(rows),
        )
    )
    figures.extend(_against_the_fastest(f"sync, nothing to do, {load.files:,} files", found, runs))


def _limited(place: Place, load: Load, out: Path) -> list[Table]:
    """Fetch large files in a cgroup with little memory; nothing where there are none."""
    rows = []
    for name, tool in fetching_tools().items():
        if not isinstance(tool, Command):
            continue
        with memory_group(_LIMIT_BYTES) as group:
            if group is None:
                return []
            try:
                done = run(group.command(tool.arguments(place, load.bucket, out)))
                check(out, load)
                peak = f"{group.peak_bytes() / MEBIBYTE:,.0f} MiB"
                rows.append((name, f"{done.wall_seconds:.2f} s", f"{done.cpu_seconds / load.gibibytes:.2f} s", peak))
            except ProcessFailed as failure:
                rows.append((name, f"failed: {str(failure).splitlines()[-1]}", "", ""))
        if out.exists():
            clear(out)
    title = f"{load.title} onto the disk in a cgroup with {_LIMIT_BYTES // MEBIBYTE} MiB, page cache included"
    return [Table(title=title, columns=("tool", "time", "CPU per GiB", "peak"), rows=tuple(rows))]


def _in_turns(
    place: Place, load: Load, out: Path, tools: Mapping[str, Tool], runs: int, *, is_repeated: bool = False
) -> dict[str, _Series]:
    """Run every tool, in another order in each round; the first round warms the caches and is not timed."""
    found = {name: _Series() for name in tools}
    names = list(tools)
    for number in range(-1, runs):
        shift = max(number, 0) % len(names)
        for name in names[shift:] + names[:shift]:
            with tools[name].opened(place, load.bucket, out) as synchronise:
                if is_repeated:
                    synchronise(watch_memory=False)
                taken = synchronise(watch_memory=number < 0)
                settled = settled_seconds()
            check(out, load)
            clear(out)
            if number < 0:
                found[name].peak_bytes = taken.peak_bytes
            else:
                found[name].taken.append(taken)
                found[name].settled.append(settled)
    return found


def _against_the_fastest(name: str, found: Mapping[str, _Series], runs: int) -> list[Figure]:
    peers = [each for each in found if each not in _OWN]
    fastest = min(peers, key=lambda each: statistics.median(found[each].wall))
    cheapest = min(peers, key=lambda each: found[each].cpu_seconds)
    return [
        Figure(
            name=name,
            value=_ratio(found[fastest].wall, found[SERVICE].wall),
            unit="×",
            compared_to=f"the service against {fastest}, the fastest peer, median of {runs} rounds",
            at_least=1.0,
        ),
        Figure(
            name=f"{name}: CPU",
            value=found[cheapest].cpu_seconds / max(found[SERVICE].cpu_seconds, 0.01),
            unit="×",
            compared_to=f"{cheapest}, the peer that uses the least",
            at_least=1.0,
        ),
    ]


def _ratio(theirs: list[float], ours: list[float]) -> float:
    return statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
