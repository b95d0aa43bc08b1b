"""``make chaos``: workers are killed, stopped and frozen, and all that they depend on fails; every promise is kept.

python tests/chaos --help
"""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(_TESTS), str(_TESTS.parent)]  # as pytest has them; not this directory, whose names are others

import typer  # noqa: E402 -- after the line above, as all that it makes findable

from chaos.older import older_source  # noqa: E402
from chaos.report import complaints, table  # noqa: E402
from chaos.run import Size, emptied, run_scene  # noqa: E402
from chaos.scenes import SCENES  # noqa: E402
from chaos.sync_scene import SYNC, sync_scene  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.run import Outcome

_JOBS = 300
_QUICK_JOBS = 24
_SECONDS_PER_JOB = 1.0


def main(
    *,
    scene: Annotated[
        list[str] | None, typer.Option(help=f"Any of {', '.join([*SCENES, SYNC])}; all by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of a run that is to be tried again; any by default.")] = None,
    jobs: Annotated[
        int, typer.Option(min=5, help="In sqs and postgres, and kills in sync; others have a third or a fifth.")
    ] = _JOBS,
    quick: Annotated[bool, typer.Option("--quick", help=f"{_QUICK_JOBS} jobs: less than a minute each.")] = False,
    workers: Annotated[int, typer.Option(min=2, help="How many processes at once.")] = 3,
    engine: Annotated[str, typer.Option(help="piper, which speaks, or fake, which hums.")] = "piper",
    lease_seconds: Annotated[float, typer.Option(min=3, help="Of the workers.")] = 6.0,
    production_leases: Annotated[
        bool, typer.Option("--production-leases", help="Those of production: 30 seconds, a beat every 10.")
    ] = False,
    older: Annotated[
        str | None, typer.Option(help="A revision, or a directory, of the version beside which `mixed` works.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep logs, records and files, whatever comes of it.")] = False,
) -> None:
    """Kill, freeze and starve workers while they narrate: nothing is lost, and nothing is done twice.

    Prints its seed first, a table at the end, and what broke a promise; then the exit code is 1, and everything that
    was seen is kept in a directory. The seed decides what happens when; what the processes make of it is their own.
    """
    seed = secrets.randbits(32) if seed is None else seed
    typer.echo(f"seed {seed}")
    jobs = _QUICK_JOBS if quick else jobs
    names = scene or [*(name for name in SCENES if older is not None or not SCENES[name].is_mixed), SYNC]
    unknown = [name for name in names if name not in {*SCENES, SYNC}]
    if unknown:
        raise typer.BadParameter(f"There is no scene {unknown[0]!r}; there are: {', '.join([*SCENES, SYNC])}.")
    broken_sync = sync_scene(seed, jobs) if SYNC in names else []
    names = [name for name in names if name != SYNC]
    if older is None and any(SCENES[name].is_mixed for name in names):
        raise typer.BadParameter("Beside which version? Name it with --older.")
    directory = Path(tempfile.mkdtemp(prefix="sayso-chaos-"))
    directory.chmod(0o755)  # the database may be another user's
    outcomes: list[Outcome] = []
    is_kept = True  # when the harness itself fails, too
    try:
        source = None if older is None else older_source(older, directory / "older")
        for name in names:
            plan = SCENES[name]
            count = jobs if quick else max(round(plan.share * jobs), 5)
            size = Size(
                jobs=count,
                seconds=count * _SECONDS_PER_JOB,
                troubles={kind: max(1, round(times * count / _JOBS)) for kind, times in plan.troubles.items()},
                workers=plan.workers or workers,
                engine=engine,
                lease_seconds=None if production_leases else lease_seconds,
                max_attempts=plan.max_attempts,
                older=source if plan.is_mixed else None,
            )
            outcome = run_scene(plan.open, emptied(directory / name), size, f"{seed} {name}", _sayer(name))
            _sayer(name)(f"took {outcome.seconds:.0f} s; {len(complaints(outcome))} complaints")
            outcomes.append(outcome)
        leases = "of production" if production_leases else f"{lease_seconds:g} s"
        if outcomes:
            typer.echo(f"\n{table(outcomes, seed=seed, engine=engine, leases=leases)}")
        broken = [*broken_sync, *(line for outcome in outcomes for line in complaints(outcome))]
        for line in broken:
            typer.echo(line, err=True)
        is_kept = keep or bool(broken)
        if broken:
            raise typer.Exit(1)
    except KeyboardInterrupt:
        is_kept = keep
        raise
    finally:
        if is_kept:
            typer.echo(f"seed {seed}; everything is in {directory}", err=True)
        else:
            shutil.rmtree(directory, ignore_errors=True)


def _sayer(name: str) -> Callable[[str], None]:
    return lambda line: typer.echo(f"{name}: {line}", err=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
