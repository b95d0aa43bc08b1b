"""One bounded scheduler per process: interactive before batch, fair between clients, and a clear no when it is full.

A request takes a *place*, of which there are few enough that everybody with a place is served in time; who finds none
is told when to come again, and no client holds so many that the next finds none. The pieces of work of those with a
place take *turns*, of which there are as many as processors are used. The next turn goes to interactive work before
batch work, then to the client that has computed least, then to the place that has: so one client with many requests
holds up no other, and a new request hears its first sentence before an old one its last.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Self

from sayso.errors import Busy, Cancelled, DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_SMOOTHING = 0.2
"""How much the latest place counts in the running mean of what a place costs."""

_ASSUMED_COST_SECONDS = 2.0
"""What a place is assumed to compute before any has ended."""

_LONGEST_RETRY_SECONDS = 120.0


def may_have_another(*, held: int, free: int) -> bool:
    """Whether a client may take one more of what is few: only while more are free than it holds.

    So one client alone has half of them, and whoever comes next finds room; with each that comes the shares become
    smaller (dynamic thresholds: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
    switches", 1998).
    """
    return held < free


class Priority(IntEnum):
    """Who goes first; the smaller value does."""

    INTERACTIVE = 0
    BATCH = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How busy a scheduler is.

    Attributes:
        places: how many places there are.
        taken: how many are taken, by requests in hand and by those that were given up while a thread still works for
            them.
        turns: how many pieces of work may compute at once.
        computing: how many do.
        waiting: how many wait for a turn.
        retry_after_seconds: when a place is likely to be free.
    """

    places: int
    taken: int
    turns: int
    computing: int
    waiting: int
    retry_after_seconds: float


class Scheduler:
    """See the module. Any thread may use it; one lock guards all of its state, and no turn is held under it.

    Args:
        turns: how many pieces of work compute at once.
        places: how many requests are in hand at once, those that wait for a turn included.
        on_wait: told how many seconds a piece of work waited for its turn, on its thread.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        turns: int,
        places: int,
        on_wait: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._turns = turns
        self._place_count = places
        self._on_wait = on_wait
        self._clock = clock
        self._lock = threading.Lock()
        self._places: set[AdmissionSlot] = set()
        self._given_up: set[AdmissionSlot] = set()  # closed, while threads still work for them
        self._waiting: list[_Waiter] = []
        self._computing = 0
        self._client_seconds: dict[str, float] = {}
        self._cost_seconds = _ASSUMED_COST_SECONDS
        self._sequence = 0

    def take_place(
        self, client: str, *, priority: Priority = Priority.INTERACTIVE, deadline_seconds: float = math.inf
    ) -> AdmissionSlot:
        """A place for a request; close it when the request has ended.

        Args:
            client: who asks; clients share the processors evenly.
            priority: whether somebody waits for it.
            deadline_seconds: how long it may take from now.

        Raises:
            Busy: every place is taken, or the client has its share of them (see `may_have_another`).
        """
        with self._lock:
            free = self._place_count - len(self._places)
            held = sum(other.client == client for other in self._places)
            if not may_have_another(held=held, free=free):
                message = (
                    f"You have {held} requests in hand, which is your share of the {self._place_count} places."
                    if free
                    else f"All {self._place_count} places are taken."
                )
                raise Busy(message, retry_after_seconds=self._retry_after_seconds())
            self._sequence += 1
            place = AdmissionSlot(self, client, priority, self._clock() + deadline_seconds, self._sequence)
            # A client that comes back is on a par with those who are here: it has saved nothing up.
            if client not in {other.client for other in self._places}:
                least = min((self._client_seconds[other.client] for other in self._places), default=0.0)
                self._client_seconds[client] = least
            self._places.add(place)
            return place

    @property
    def load(self) -> Load:
        """How busy it is at this moment."""
        with self._lock:
            return Load(
                places=self._place_count,
                taken=len(self._places) + len(self._given_up),
                turns=self._turns,
                computing=self._computing,
                waiting=len(self._waiting),
                retry_after_seconds=self._retry_after_seconds(),
            )

    def _retry_after_seconds(self) -> float:
        """When the first of the places is likely to be free; the caller holds the lock.

        The places share the turns evenly, so the one with the least left to compute, by the mean cost of a place, is
        done when each of them has computed that much.
        """
        computed = max((place.computed_seconds for place in self._places), default=0.0)
        left = max(self._cost_seconds - computed, 0.0) * len(self._places) / self._turns
        return min(max(left, 1.0), _LONGEST_RETRY_SECONDS)

    def _acquire(self, place: AdmissionSlot) -> None:
        waiter = _Waiter(place)
        began = self._clock()
        with self._lock:
            place.raise_if_over(began)
            self._waiting.append(waiter)
            self._grant()
        try:
            waiter.ready.wait(timeout=_finite(place.remaining_seconds()))
        finally:
            with self._lock:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
        if not waiter.granted:
            place.check()
            raise DeadlineExceeded("The deadline came while waiting for a processor.")
        self._on_wait(self._clock() - began)

    def _release(self, place: AdmissionSlot, seconds: float) -> None:
        with self._lock:
            self._computing -= 1
            place.computed_seconds += seconds
            if place.client in self._client_seconds:
                self._client_seconds[place.client] += seconds
            self._leave_thread(place)
            self._grant()

    def _enter_thread(self, place: AdmissionSlot) -> None:
        """A thread works for a place; the caller holds the lock."""
        place.threads += 1

    def _leave_thread(self, place: AdmissionSlot) -> None:
        """It no longer does; the caller holds the lock."""
        place.threads -= 1
        if not place.threads:
            self._given_up.discard(place)

    def _grant(self) -> None:
        """Give free turns to those who are next; the caller holds the lock."""
        while self._computing < self._turns and self._waiting:
            chosen = min(self._waiting, key=self._order)
            self._waiting.remove(chosen)
            chosen.granted = True
            chosen.ready.set()
            self._computing += 1
            self._enter_thread(chosen.place)

    def _order(self, waiter: _Waiter) -> tuple[int, float, float, int]:
        place = waiter.place
        return (place.priority, self._client_seconds.get(place.client, 0.0), place.computed_seconds, place.number)

    def _leave(self, place: AdmissionSlot, *, cancelled: bool) -> None:
        with self._lock:
            if place not in self._places:
                return
            self._places.remove(place)
            if place.threads:
                self._given_up.add(place)
            if not cancelled and place.computed_seconds:
                self._cost_seconds += _SMOOTHING * (place.computed_seconds - self._cost_seconds)
            if place.client not in {other.client for other in self._places}:
                del self._client_seconds[place.client]
            for waiter in [waiter for waiter in self._waiting if waiter.place is place]:
                self._waiting.remove(waiter)
                waiter.ready.set()  # it finds that nothing was granted, and that its place is closed


class AdmissionSlot:
    """A request's place in a `Scheduler`, and its `RequestContext`; closing it twice is closing it once.

    Leaving its block closes it. Whoever computes for it then, or waits for a turn, finds that it is `Cancelled` the
    next time it asks; the place itself is free for the next request at once, and counts as taken until that thread has
    ended.
    """

    def __init__(self, scheduler: Scheduler, client: str, priority: Priority, deadline: float, number: int) -> None:
        self.client = client
        self.priority = priority
        self.number = number
        self.computed_seconds = 0.0
        """What it has computed so far, over all threads; the scheduler's lock guards it."""
        self.threads = 0
        """How many threads work for it now; the scheduler's lock guards it."""
        self._scheduler = scheduler
        self._deadline = deadline
        self._lock = threading.Lock()  # guards the two that follow
        self._closed = False
        self._callbacks: list[Callable[[], object]] = []

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See `RequestContext.turn`."""
        self._scheduler._acquire(self)  # noqa: SLF001 -- the two are one mechanism
        clock = self._scheduler._clock  # noqa: SLF001
        began = clock()
        try:
            yield
        finally:
            self._scheduler._release(self, clock() - began)  # noqa: SLF001

    @contextmanager
    def working(self) -> Iterator[None]:
        """A thread works for this place during the block, whether it has a turn or not."""
        with self._scheduler._lock:  # noqa: SLF001
            self._scheduler._enter_thread(self)  # noqa: SLF001
        try:
            yield
        finally:
            with self._scheduler._lock:  # noqa: SLF001
                self._scheduler._leave_thread(self)  # noqa: SLF001

    def check(self) -> None:
        """See `RequestContext.check`."""
        self.raise_if_over(self._scheduler._clock())  # noqa: SLF001

    def raise_if_over(self, now: float) -> None:
        """As `check`, at a given time; for the scheduler."""
        if self._closed:
            raise Cancelled("Nobody waits for this any more.")
        if now >= self._deadline:
            raise DeadlineExceeded("The deadline is over.")

    def remaining_seconds(self) -> float:
        """See `RequestContext.remaining_seconds`."""
        return max(0.0, self._deadline - self._scheduler._clock())  # noqa: SLF001

    def lift_deadline(self) -> None:
        """From now on it may take as long as it takes: its answer has begun."""
        self._deadline = math.inf

    @contextmanager
    def on_cancel(self, callback: Callable[[], object]) -> Iterator[None]:
        """See `RequestContext.on_cancel`."""
        with self._lock:
            closed = self._closed
            if not closed:
                self._callbacks.append(callback)
        if closed:
            callback()
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

    def close(self, *, cancelled: bool = False) -> None:
        """Give the place back.

        Args:
            cancelled: the work was given up, so its cost says nothing about others.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        self._scheduler._leave(self, cancelled=cancelled)  # noqa: SLF001

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(cancelled=error is not None)


class _Waiter:
    """A thread that waits for a turn; the scheduler's lock guards ``granted``."""

    def __init__(self, place: AdmissionSlot) -> None:
        self.place = place
        self.ready = threading.Event()
        self.granted = False


def _finite(seconds: float) -> float | None:
    """As `threading` takes a timeout."""
    return None if math.isinf(seconds) else seconds
