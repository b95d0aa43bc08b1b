"""The scene of model sync: a bucket changes, and what copies it to a volume is killed, run by run.

It has no workers, as the others have: what is asked of it is that no reader of the volume ever sees a partial file or a
mixed set, that nothing is written outside the volume, and that the volume is equal to the bucket whenever all is calm.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.report import Table, render
from chaos.sync.faults import Fault
from chaos.sync.processes import Copies
from chaos.sync.services import Services
from chaos.sync.stage import Stage
from chaos.sync.volumes import FuseVolume, LimitedVolume, SmallVolume, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaos.sync.stage import Operator, StageOutcome

SYNC = "sync"

_READER = {
    "files read": "reads",
    "files mapped": "mapped",
    "sets read": "sets",
}
_SHOWN = 20
_ENOUGH_RUNS = 100
"""With fewer, a fault that never happened is only said."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A stage: its volume, who begins its processes, and which share of the runs it has."""

    share: float
    volume: type[Volume] = Volume
    operator: Callable[..., Operator] = Copies


STAGES = {
    "directory": _Plan(share=0.51),
    "nfs": _Plan(share=0.25, volume=FuseVolume),
    "small-disk": _Plan(share=0.15, volume=SmallVolume),
    "limited": _Plan(share=0.07, volume=LimitedVolume),
    "service": _Plan(share=0.02, operator=Services),
}
"""Each on a volume of its own, one after the other."""


def sync_scene(seed: int, runs: int) -> list[str]:
    """Run it: so many processes are killed in all stages together; the promises that were broken, in sentences."""
    directory = Path(tempfile.mkdtemp(prefix="sayso-chaos-sync-"))
    directory.chmod(0o755)  # the reader is another user
    if os.geteuid() != 0:
        typer.echo(f"{SYNC}: NOT TRIED: a reader who is another user: only root may start one", err=True)
    outcomes = []
    for name, plan in STAGES.items():
        stage = Stage(name, plan.volume, directory / name, str(seed), _sayer(name), operator=plan.operator)
        outcomes.append(stage.run(max(round(runs * plan.share), 2)))
    typer.echo(_table(outcomes, seed))
    never = _never(outcomes)
    for line in never:
        typer.echo(f"{SYNC}: {line}", err=True)
    broken = [f"{SYNC}: {line}" for line in never if runs >= _ENOUGH_RUNS]
    broken += [f"{SYNC}: {outcome.name}: {line}" for outcome in outcomes for line in _shown(outcome.broken)]
    for outcome in outcomes:
        if outcome.missing is not None:
            typer.echo(f"{SYNC}: {outcome.name}: NOT TRIED: {outcome.missing}", err=True)
    if broken:
        typer.echo(f"{SYNC}: what was seen is in {directory}", err=True)
    else:
        shutil.rmtree(directory)
    return broken


def _never(outcomes: Sequence[StageOutcome]) -> list[str]:
    """The faults that were planned and did not happen, in sentences."""
    planned = {fault: outcome for outcome in outcomes if outcome.missing is None for fault in outcome.faults}
    return [f"it never happened: {fault}" for fault in planned if not any(each.counts[fault] for each in outcomes)]


def _sayer(name: str) -> Callable[[str], None]:
    return lambda line: typer.echo(f"{SYNC}: {name}: {line}", err=True)


def _shown(broken: Sequence[str]) -> list[str]:
    rest = len(broken) - _SHOWN
    return [*broken[:_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def _table(outcomes: Sequence[StageOutcome], seed: int) -> str:
    rows = [("seconds", *(f"{outcome.seconds:.0f}" for outcome in outcomes))]
    for fault in Fault:
        rows.append((str(fault), *(f"{outcome.counts[fault]:,}" for outcome in outcomes)))  # noqa: PERF401
    for name, count in _READER.items():
        rows.append((name, *(f"{outcome.reader.get(count, 0):,}" for outcome in outcomes)))
    rows.append(("promises broken", *(str(len(outcome.broken)) for outcome in outcomes)))
    return render(Table(title=f"Model sync: seed {seed}", columns=("", *(each.name for each in outcomes)), rows=rows))
