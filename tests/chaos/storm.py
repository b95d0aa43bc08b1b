"""The troubles of a run: which, and when, is decided by the seed; then they are made."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from chaos.crew import Crew, Worker
    from chaos.record import Record

RESTART_SECONDS = 3.0
"""Within how long a worker that was killed is replaced."""

_BUSY_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_HEALTH_SECONDS = 3.0


class Trouble(StrEnum):
    """What can happen."""

    KILL = "kill -9 at a random moment"
    KILL_AT_STEP = "kill -9 at a step of a job"
    STOP = "SIGTERM"
    FREEZE = "freeze"
    OUTAGE = "outage of a service"
    LATE = "request obeyed late"
    RESTART = "database restart"
    CRASH = "database crash"
    CUT_OFF = "backends terminated"
    REFUSAL = "refusals by a service"
    NO_BUCKET = "bucket missing"
    NO_QUEUE = "queue deleted, and made again"
    READ_ONLY = "database read-only"
    POSTMASTER = "postmaster killed"
    FULL_DISK = "disk full"
    EDIT = "row edited, deleted or cancelled"
    REPLACED = "kill -9 of a worker that Sayso replaces"


class Place(Protocol):
    """Where the workers work, as far as trouble can be made there."""

    def trouble(
        self, trouble: Trouble, chance: random.Random, crew: Crew
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """Make a trouble that is not the workers' own; what is to be done how many seconds later, to end it."""
        ...

    def record(self) -> Record:
        """What was seen so far."""
        ...


class Storm:
    """Makes troubles, in a thread of its own; a context manager that ends it.

    Args:
        crew: whom it befalls.
        place: where.
        chance: whom, how long, and when.
        counts: how many of each trouble.
        seconds: within which.
        lease_seconds: a freeze is longer.
    """

    def __init__(
        self,
        crew: Crew,
        place: Place,
        chance: random.Random,
        counts: Mapping[Trouble, int],
        *,
        seconds: float,
        lease_seconds: float,
    ) -> None:
        self.made: Counter[Trouble] = Counter()
        self.failure: BaseException | None = None
        self._crew = crew
        self._place = place
        self._chance = chance
        self._lease_seconds = lease_seconds
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storm", daemon=True)
        now = time.monotonic()
        for trouble, count in counts.items():
            for _ in range(count):
                self._at(now + chance.uniform(0.05, 1.0) * seconds, partial(self._make, trouble))
        self._health_at = now
        self._busy = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_over(self) -> bool:
        """Whether there is no more trouble to come, or to end."""
        return not self._due and not self._busy

    def _run(self) -> None:
        try:
            while not self._ended.wait(_LOOK_SECONDS):
                self._crew.look()
                if time.monotonic() > self._health_at:
                    self._crew.look_at_health()
                    self._health_at = time.monotonic() + _HEALTH_SECONDS
                while self._due and self._due[0][0] <= time.monotonic():
                    self._busy = True
                    heapq.heappop(self._due)[2]()
                    self._busy = False
        except BaseException as error:  # noqa: BLE001 -- the harness raises it
            self.failure = error

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), what))

    def _make(self, trouble: Trouble) -> None:
        if trouble in {Trouble.KILL, Trouble.STOP}:
            workers = self._crew.running
            if not workers:
                self._at(time.monotonic() + _LOOK_SECONDS, lambda: self._make(trouble))
                return
            record = self._place.record()
            busy = [worker for worker in workers if record.in_hand(worker.name)]
            worker = self._chance.choice(busy or workers)
            if trouble is Trouble.KILL:
                self._crew.kill(worker, restart_seconds=self._chance.uniform(0, RESTART_SECONDS))
            else:
                self._crew.stop(worker)
        elif trouble is Trouble.FREEZE:
            self._freeze(time.monotonic() + _BUSY_SECONDS)
            return
        else:
            now = time.monotonic()
            for seconds, then in self._place.trouble(trouble, self._chance, self._crew):
                self._at(now + seconds, then)
        self.made[trouble] += 1

    def _freeze(self, give_up: float) -> None:
        """Freeze a worker for longer than its leases last, as soon as one has jobs."""
        record = self._place.record()
        busy: list[Worker] = [worker for worker in self._crew.running if record.in_hand(worker.name)]
        if not busy and time.monotonic() < give_up:
            self._at(time.monotonic() + _LOOK_SECONDS, lambda: self._freeze(give_up))
        elif busy:
            worker = self._chance.choice(busy)
            self._crew.freeze(worker)
            seconds = self._lease_seconds * self._chance.uniform(1.2, 2.0)
            self._at(time.monotonic() + seconds, lambda: self._crew.thaw(worker))
            self.made[Trouble.FREEZE] += 1
