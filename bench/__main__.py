"""The command line of the benchmarks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.machine import machine_facts
from bench.memory import measure_memory
from bench.profile import measure_profile
from bench.report import Table, final_table, render
from bench.resume import measure_resume
from bench.roundtrip import measure_roundtrip
from bench.speed import measure_speed
from bench.timing import measure_timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.report import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says, for the benchmarks that it concerns."""

    runs: int
    minutes: float


BENCHMARKS: Mapping[str, Callable[[Path, Options], Result]] = {
    "speed": lambda work, options: measure_speed(work, runs=options.runs),
    "timing": lambda _work, _options: measure_timing(),
    "roundtrip": lambda work, _options: measure_roundtrip(work),
    "profile": lambda _work, _options: measure_profile(),
    "resume": lambda work, _options: measure_resume(work),
    "memory": lambda work, options: measure_memory(work, minutes=options.minutes),
}
"""Every benchmark; each gets an empty directory of its own."""

BY_DEFAULT = ("speed", "timing", "roundtrip", "resume", "profile")
"""All but the one that takes most of an hour."""


def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="speed, timing, roundtrip, resume, profile, memory.")
    ] = None,
    *,
    runs: Annotated[int, typer.Option(min=1, help="speed: how often each program takes its turn.")] = 5,
    minutes: Annotated[float, typer.Option(min=1, help="memory: how much audio is narrated.")] = 60,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures here too.")
    ] = None,
) -> None:
    """Measure Sayso against named peers and against its goals, and print one table.

    speed      sayso narrate and kokoro-onnx in turns, same model and text; a second narration from the cache

    timing     word starts after pauses against the sound, six voices

    roundtrip  the examples narrated and read back by whisper-base

    resume     a narration killed at random moments and started again

    profile    the operators that Kokoro's time goes to

    memory     the peak over an hour of audio; takes most of an hour, so only when named

    All but memory take about half an hour on two processors. Give the machine nothing else to do meanwhile. What each
    figure means and how it is taken is told at the top of bench/NAME.py.
    """
    chosen = names or list(BY_DEFAULT)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"There is no {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}.")
    facts = machine_facts()
    results = []
    for name in chosen:
        typer.echo(f"{name} …", err=True)
        with tempfile.TemporaryDirectory(prefix="sayso-bench-") as work:
            result = BENCHMARKS[name](Path(work), Options(runs=runs, minutes=minutes))
        results.append(result)
        for table in result.tables:
            typer.echo(f"\n{render(table)}")
        for note in result.notes:
            typer.echo(f"\n{note}")
    typer.echo(f"\n{render(Table(title='Machine', columns=('fact', 'value'), rows=facts))}")
    typer.echo(f"\n{render(final_table(results))}")
    if json_file is not None:
        content = {"machine": dict(facts), "results": [result.as_json() for result in results]}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
