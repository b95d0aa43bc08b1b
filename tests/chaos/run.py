"""One run: jobs are sent while the storm is on, then all is calm until they have ended, and then it is looked at."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from chaos.crew import Crew, End
from chaos.recovery import Recovery
from chaos.stories import VOICE
from chaos.storm import Place, Storm, Trouble
from sayso.jobs import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from chaos.crew import Death, Losses
    from chaos.evidence import Evidence
    from chaos.promises import Broken
    from chaos.stories import Order

CALM_SECONDS = 900.0
"""How long the jobs that are left may take once all is calm."""

_LOOK_SECONDS = 0.5
_DUPLICATE_SHARE = 0.15
_DUPLICATE_SECONDS = 30.0


class Scene(Place, Protocol):
    """A place that can be told of jobs, and be asked about them; a context manager."""

    name: str
    command: Sequence[str]

    def orders(self, count: int, *, engine: str) -> Sequence[Order]:
        """So many jobs."""
        ...

    def environment(self, name: str) -> Mapping[str, str]:
        """A worker's environment."""
        ...

    def send(self, order: Order) -> None:
        """Ask for a job, once or again."""
        ...

    def is_empty(self) -> bool:
        """Whether no job is left."""
        ...

    def calm(self) -> None:
        """Make no more trouble."""
        ...

    def faults(self) -> Mapping[str, int]:
        """How often each fault was injected."""
        ...

    @property
    def skipped(self) -> Mapping[Trouble, str]:
        """Troubles that cannot be made here, and why."""
        ...

    def evidence(self) -> Evidence:
        """All that is there when the workers have stopped."""
        ...

    def left_by(self, name: str) -> Sequence[str]:
        """What a worker that ended in order has left."""
        ...

    def broken(self, evidence: Any, deaths: Sequence[Death]) -> Broken:
        """The promises that its evidence shows to be broken."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large a run is.

    Attributes:
        jobs: how many.
        seconds: within which they are sent, and trouble is made.
        troubles: how many of each.
        workers: how many processes at once.
        engine: who speaks.
        lease_seconds: of the workers; None for those of production.
        max_attempts: after how many a job is put aside. Deaths by our hand count, so that there must be many of them
            where workers are killed.
        older: the source of an older version, which every second worker is of; None for none.
    """

    jobs: int
    seconds: float
    troubles: Mapping[Trouble, int]
    workers: int
    engine: str
    lease_seconds: float | None
    max_attempts: int = 1000
    older: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        scene: the name of the place.
        evidence: what was found.
        losses: of workers.
        made: how many of each trouble.
        skipped: troubles that could not be made, and why.
        duplicates: how many messages were sent twice.
        faults: that were injected, by kind.
        broken: by promise, what broke it.
        recoveries: in seconds, of each job, for each kill.
        handovers: in seconds, after each SIGTERM.
        seconds: that it took.
    """

    scene: str
    evidence: Evidence
    losses: Losses
    made: Mapping[Trouble, int]
    skipped: Mapping[Trouble, str]
    duplicates: int
    faults: Mapping[str, int]
    broken: Broken
    recoveries: Sequence[Sequence[float]]
    handovers: Sequence[float]
    seconds: float


def run_scene(
    open_scene: Callable[[Path, random.Random, Mapping[str, str]], AbstractContextManager[Scene]],
    directory: Path,
    size: Size,
    seed: str,
    say: Callable[[str], None],
) -> Outcome:
    """One run, in an empty directory; whatever it started has ended when it returns or raises.

    Args:
        open_scene: given a directory, chance, and the environment that all processes have in common.
        directory: where everything is.
        size: how large.
        seed: of what happens.
        say: told how far it is.
    """
    began = time.monotonic()
    logs = directory / "logs"
    logs.mkdir(parents=True)
    with open_scene(directory, _chance(seed, "jobs"), _common(size)) as scene:
        orders = scene.orders(size.jobs, engine=size.engine)
        with Crew(size.workers, logs, scene.environment, command=scene.command, older=size.older) as crew:
            crew.await_health()  # a storm that is over before anybody works shows nothing
            storm = Storm(
                crew,
                scene,
                _chance(seed, "storm"),
                size.troubles,
                seconds=size.seconds,
                lease_seconds=size.lease_seconds or LEASE_SECONDS,
            )
            with storm:
                duplicates = _send(scene, orders, storm, size.seconds, _chance(seed, "sending"), say)
                while not storm.is_over and storm.failure is None:
                    time.sleep(_LOOK_SECONDS)
                scene.calm()
                say("the storm is over")
                _await(scene, storm, say)
            crew.close()
            evidence = scene.evidence()
            stopped = [death for death in crew.losses.deaths if death.how is End.TOLD]
            left = [path for death in stopped for path in scene.left_by(death.worker)]
            evidence = replace(evidence, left=[*evidence.left, *left])
            _write(directory / "facts.json", crew.losses, evidence)
        broken = scene.broken(evidence, crew.losses.deaths)
        killed = [death for death in crew.losses.deaths if death.how is not End.TOLD]
        recovery = Recovery(evidence)
        return Outcome(
            scene=scene.name,
            evidence=evidence,
            losses=crew.losses,
            made=Counter(storm.made),
            skipped=scene.skipped,
            duplicates=duplicates,
            faults=scene.faults(),
            broken=broken,
            recoveries=recovery.takeovers(killed),
            handovers=recovery.handovers(stopped),
            seconds=time.monotonic() - began,
        )


def _chance(seed: str, what: str) -> random.Random:
    """Chances that do not disturb one another, on whatever threads they are asked."""
    return random.Random(f"{seed} {what}")  # noqa: S311 -- moments, not secrets


def _common(size: Size) -> Mapping[str, str]:
    """What all workers are told."""
    environment = {
        "SAYSO_SYNTHESIS_WORKERS": "1",
        "SAYSO_STORIES_AT_ONCE": "8",
        "KOKORO_VOICE": VOICE[size.engine],
        "SAYSO_MAX_ATTEMPTS": str(size.max_attempts),
        "SAYSO_SHUTDOWN_SECONDS": "8",
        "CHAOS_ENGINE": size.engine,
    }
    if size.lease_seconds is not None:
        environment["CHAOS_LEASE_SECONDS"] = str(size.lease_seconds)
    return environment


def _send(
    scene: Scene,
    orders: Sequence[Order],
    storm: Storm,
    seconds: float,
    chance: random.Random,
    say: Callable[[str], None],
) -> int:
    """Send the jobs at random moments, some of them twice, and return how many those were."""
    times = sorted(chance.uniform(0, 0.9) * seconds for _ in orders)
    due = list(zip(times, orders, strict=True))
    again = [order for order in orders if chance.random() < _DUPLICATE_SHARE]
    moments = dict(zip([order.name for order in orders], times, strict=True))
    due += [(moments[order.name] + chance.uniform(0, _DUPLICATE_SECONDS), order) for order in again]
    began = time.monotonic()
    for number, (at, order) in enumerate(sorted(due, key=lambda pair: pair[0]), start=1):
        while time.monotonic() - began < at:
            time.sleep(min(_LOOK_SECONDS, max(0.0, at - (time.monotonic() - began))))
        if storm.failure is not None:
            raise storm.failure
        scene.send(order)
        if number % 50 == 0:
            say(f"{number} of {len(due)} messages are sent")
    return len(again)


def _await(scene: Scene, storm: Storm, say: Callable[[str], None]) -> None:
    """Wait until no job is left, or for so long that something must be wrong."""
    give_up = time.monotonic() + CALM_SECONDS
    while time.monotonic() < give_up and not scene.is_empty():
        if storm.failure is not None:
            raise storm.failure
        time.sleep(_LOOK_SECONDS)
    say("all jobs have ended" if time.monotonic() < give_up else "jobs are left after a long time")


def _write(path: Path, losses: Losses, evidence: Evidence) -> None:
    """Keep, beside the logs and the record, what one needs to read them."""
    facts = {
        "deaths": [asdict(death) for death in losses.deaths],
        "freezes": [asdict(freeze) for freeze in losses.freezes],
        "messages": evidence.messages,
    }
    path.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def emptied(directory: Path) -> Path:
    """The directory, empty."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
