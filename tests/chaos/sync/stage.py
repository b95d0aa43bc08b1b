"""One volume, and processes that synchronise it and are killed, run after run; it is judged whenever all is calm."""

from __future__ import annotations

import json
import random
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chaos.sync.bucket import chaotic_bucket
from chaos.sync.faults import COMMON, Counts, Fault
from chaos.sync.feeder import Feeder
from chaos.sync.judge import PLANTED, Outside, closed_directories, differences, remains
from chaos.sync.objects import Objects
from chaos.sync.processes import Copies
from chaos.sync.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from chaos.sync.volumes import Volume

_RUNS_BETWEEN_CALMS = 25
_SECOND_EVERY = 4
_FREEZE_SHARE = 0.15
_LONGEST_FREEZE_SECONDS = 0.2
_FAULT_SHARES = (0.0, 0.1, 0.5)
_MOST_BROKEN = 20
_SETTLE_SECONDS = 0.2
"""How long a response that is under way may still overwrite an object."""


class Operator(Protocol):
    """Begins processes that synchronise, and has them do things; a context manager.

    Attributes:
        longest_run_seconds: how long a process lives before it is killed; up to twice as long on a busy machine.
    """

    longest_run_seconds: float

    def begin(self) -> Any:
        """A new process."""
        ...

    def feed(self, process: Any, bodies: Sequence[str]) -> None:
        """Send it events, while it does what it does."""
        ...

    def act(self, process: Any, bodies: Sequence[str]) -> list[str]:
        """Have it act on events, and wait for that; the errors."""
        ...

    def full(self, process: Any) -> list[str]:
        """Have it reconcile, and wait for that and for its notifications; the errors."""
        ...

    def stop(self, process: Any) -> None:
        """Stop it in order."""
        ...

    def announced(self) -> Mapping[str, float]:
        """When each key was announced last, as Unix time."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass
class StageOutcome:
    """What came of a stage.

    Attributes:
        name: of it.
        runs: how many processes were killed.
        counts: how often each fault happened.
        faults: those that had to happen.
        reader: what the reader did.
        broken: the promises that were broken, in sentences.
        missing: what could not be tried, and why; None if all was.
        seconds: how long it took.
    """

    name: str
    runs: int
    counts: Counts
    faults: tuple[Fault, ...]
    reader: Mapping[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    missing: str | None = None
    seconds: float = 0.0


class Stage:
    """See the module.

    Args:
        name: of it, which is that of its bucket, too.
        volume: makes its volume, given a directory and the counts.
        directory: where everything is; readers of other users must be able to enter it.
        seed: of what happens when.
        say: is called with how far it is.
        operator: begins the processes.
    """

    def __init__(
        self,
        name: str,
        volume: Callable[[Path, Counts], Volume],
        directory: Path,
        seed: str,
        say: Callable[[str], None] = lambda _: None,
        *,
        operator: Callable[..., Operator] = Copies,
    ) -> None:
        directory.mkdir(mode=0o755)
        self._counts = Counts()
        self._volume = volume(directory, self._counts)
        self._outcome = StageOutcome(
            name=name, runs=0, counts=self._counts, faults=(*COMMON, *self._volume.faults), missing=self._volume.missing
        )
        self._directory = directory
        self._operator = operator
        self._seed = f"{seed} {name}"
        self._say = say
        self._chance = random.Random(f"{self._seed} runs")  # noqa: S311 -- moments, not secrets
        self._token = f"sayso-{secrets.token_hex(6)}"
        self._logs = directory / "logs"
        self._logs.mkdir()
        self._log = self._logs / "said.jsonl"

    def run(self, runs: int) -> StageOutcome:
        """So many processes are begun and killed."""
        outcome, began = self._outcome, time.monotonic()
        if outcome.missing is not None:
            return outcome
        with ExitStack() as stack:
            self._bucket = stack.enter_context(chaotic_bucket(outcome.name, f"{self._seed} bucket", self._counts))
            volume = stack.enter_context(self._volume)
            outcome.missing = volume.missing
            operator = self._operator(self._bucket, volume.path, self._logs, grace_seconds=volume.grace_seconds)
            self._processes = stack.enter_context(operator)
            self._run_seconds = operator.longest_run_seconds
            self._objects = Objects(self._bucket, f"{self._seed} objects", self._token)
            self._feeder = Feeder(self._bucket, f"{self._seed} events", self._counts)
            self._outside = Outside(self._directory, self._token)
            (volume.real_path / PLANTED).symlink_to(self._outside.trap)
            self._objects.fill()
            with Readers(
                volume.read_path,
                hold_seconds=volume.grace_seconds / 2,
                reads_sets=volume.has_sets,
            ) as readers:
                self._runs(runs)
            outcome.reader = readers.counts
            self._counts.add(Fault.HELD, readers.counts["held across a replacement"])
            self._counts.add(Fault.HELD_SET, readers.counts["held a set across a swap"])
            outcome.broken += [
                f"a reader saw what it must not see, {times} times: {what}" for what, times in readers.wrong.items()
            ]
        outcome.seconds = time.monotonic() - began
        return outcome

    def _runs(self, runs: int) -> None:
        second: Any = None
        for number in range(1, runs + 1):
            self._volume.before_run(number)
            first = second or self._processes.begin()
            second = self._processes.begin() if number % _SECOND_EVERY == 1 else None
            self._disturb(first, number)
            if first.kill():
                self._counts.add(Fault.KILL)
                self._outcome.runs += 1
            self._volume.after_run()
            self._hear(first)
            if number % _RUNS_BETWEEN_CALMS == 0 or number in {1, runs}:
                if second is not None:
                    second.kill()
                    self._hear(second)
                    second = None
                self._calm(number)
                self._say(f"{number} of {runs} runs")
            if len(self._outcome.broken) > _MOST_BROKEN:
                return

    def _disturb(self, process: Any, number: int) -> None:
        """Everything that happens while a process works."""
        self._bucket.share = self._chance.choice(_FAULT_SHARES)
        self._objects.change(self._chance.randrange(1, 10))
        self._processes.feed(process, self._feeder.take())
        end = time.monotonic() + self._chance.uniform(0, self._run_seconds)
        if self._chance.random() < _FREEZE_SHARE:
            time.sleep(self._chance.uniform(0, max(end - time.monotonic(), 0)))
            process.freeze(self._chance.uniform(0, _LONGEST_FREEZE_SECONDS))
            self._counts.add(Fault.FREEZE)
        time.sleep(self._chance.uniform(0, max(end - time.monotonic(), 0)))
        self._volume.during_run(number)
        time.sleep(max(end - time.monotonic(), 0))

    def _hear(self, process: Any) -> None:
        """Take note of what a process has said, and write it down."""
        waited = False
        for said in process.said:
            facts = said.get("facts", {})
            waited = waited or "takes over when it ends" in said.get("log", "")
            if waited and ("opened" in said or "is synchronised" in said.get("log", "")):
                self._counts.add(Fault.TAKE_OVER)
                waited = False
            for reason in (*said.get("full", ()), facts.get("reason", "")):
                self._volume.heard(reason)
            self._counts.add(Fault.HOSTILE_KEY, facts.get("key") in self._objects.hostile)
        with self._log.open("a", encoding="utf-8") as log:
            log.writelines(f"{json.dumps(said)}\n" for said in [*process.said, {"end": True}])

    def _calm(self, number: int) -> None:
        """Have one process end the work without faults, then act on events alone; both are judged."""
        self._bucket.share = 0.0
        time.sleep(_SETTLE_SECONDS)
        self._feeder.take(is_last=True)
        began = time.monotonic()
        process = self._processes.begin()
        try:
            self._full(process)
            usual = self._processes.longest_run_seconds
            self._run_seconds = min(max(time.monotonic() - began, usual), 2 * usual)
            self._judge(f"after {number} runs")
            self._objects.collide()
            self._objects.change(6)
            failed = self._processes.act(process, self._feeder.take(is_last=True))
            failed = [error for error in failed if PLANTED not in error]
            self._outcome.broken += [f"after {number} runs, an event failed: {error}" for error in failed]
            self._judge(f"by events after {number} runs", self._lost_keys())
            self._full(process)
            self._judge(f"after events and {number} runs")
            self._judge_notices(number)
            self._processes.stop(process)
        except RuntimeError as error:
            self._outcome.broken.append(f"after {number} runs: {error}")
        finally:
            process.kill()
            self._hear(process)
        self._outcome.broken += [f"after {number} runs, {line}" for line in self._outside.written()]

    def _full(self, process: Any) -> None:
        errors = [error for error in self._processes.full(process) if not error.startswith(PLANTED)]
        self._outcome.broken += [f"a calm reconciliation had an error: {error}" for error in errors]
        self._feeder.lost.clear()

    def _lost_keys(self) -> set[str]:
        """The keys that no event says anything of; a set is one."""
        lost = set(self._feeder.lost)
        wanted = self._objects.wanted()
        if any(key.startswith("set/") for key in lost):
            lost |= {key for key in wanted if key.startswith("set/")}
        return lost

    def _judge(self, when: str, ignored: Collection[str] = ()) -> None:
        root = self._volume.real_path
        found = differences(root, self._objects.wanted(), ignored=ignored)
        if not ignored:
            found += [*remains(root), *closed_directories(root)]
        self._outcome.broken += [f"{when}, {line}" for line in found]

    def _judge_notices(self, number: int) -> None:
        """Every key that was changed was announced later than that."""
        announced = self._processes.announced()
        for key, changed_at in self._objects.changed_at.items():
            if key in self._bucket.contents and announced.get(key, 0.0) < changed_at:
                self._outcome.broken.append(f"after {number} runs, {key} was never announced")
