"""One bounded scheduler per process: interactive before batch, fair between clients, and Busy when it is full.

A request is admitted to a *slot*. There are few enough slots that every admitted request is served in time. When none
is free, the request is refused with the time after which to retry. A client gets another slot only while more are free
than it holds, so that the next client finds one.

The computation of admitted requests is divided into short pieces. Each piece holds a *compute permit*; there are as
many permits as processors are used. The next permit goes to interactive work before batch work, then by `FairOrder`: a
client with many requests does not delay the others, a new request gets its first sentence before an old one its last,
and a long request has its turns, however many short ones follow one another.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from sayso.errors import Busy, Cancelled, DeadlineExceeded
from sayso.scheduling.fairness import NEVER, FairOrder
from sayso.scheduling.load import Load, Priority, may_have_another
from sayso.scheduling.retry_after import RetryAfterEstimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


class Scheduler:
    """See the module. Any thread may use it; one lock guards all of its state, and is not held while work computes.

    Args:
        permits: how many pieces of work compute at once.
        slots: how many requests are in progress at once, those that wait for a permit included.
        on_wait: called with the seconds that a piece of work waited for its permit, on its thread.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        permits: int,
        slots: int,
        on_wait: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._permits = permits
        self._slot_count = slots
        self._on_wait = on_wait
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: set[AdmissionSlot] = set()
        self._abandoned: set[AdmissionSlot] = set()  # closed, while threads still work for them
        self._waiting: list[_Waiter] = []
        self._computing: list[AdmissionSlot] = []  # one entry for each permit
        self._fair = FairOrder()
        self._estimate = RetryAfterEstimate(permits=permits)
        self._sequence = 0

    def admit(
        self, client: str, *, priority: Priority = Priority.INTERACTIVE, deadline_seconds: float = math.inf
    ) -> AdmissionSlot:
        """Admit a request to a slot; close the slot when the request has ended.

        Args:
            client: the name of the client; clients share the processors evenly.
            priority: interactive when a person waits for the result.
            deadline_seconds: how long the request may take from now.

        Raises:
            Busy: every slot is taken, or the client has its share of them (see `may_have_another`).
        """
        with self._lock:
            free = self._slot_count - len(self._slots)
            held = sum(other.client == client for other in self._slots)
            if not may_have_another(held=held, free=free):
                message = (
                    f"You have {held} requests in hand, which is your share of the {self._slot_count} places."
                    if free
                    else f"All {self._slot_count} places are taken."
                )
                raise Busy(message, retry_after_seconds=self._retry_after_seconds())
            self._sequence += 1
            slot = AdmissionSlot(self, client, priority, self._clock() + deadline_seconds, self._sequence)
            self._slots.add(slot)
            self._fair.enter(slot)
            return slot

    @property
    def load(self) -> Load:
        """How busy it is at this moment."""
        with self._lock:
            return Load(
                slots=self._slot_count,
                taken=len(self._slots) + len(self._abandoned),
                permits=self._permits,
                computing=len(self._computing),
                waiting=len(self._waiting),
                retry_after_seconds=self._retry_after_seconds(),
            )

    def _retry_after_seconds(self) -> float:
        """When the first slot is likely to be free; the caller holds the lock."""
        return self._estimate.seconds([slot.computed_seconds for slot in self._slots])

    def _acquire(self, slot: AdmissionSlot) -> None:
        waiter = _Waiter(slot)
        began = self._clock()
        with self._lock:
            slot.raise_if_over(began)
            self._fair.ask(slot, self._active(slot.priority))
            self._waiting.append(waiter)
            self._grant()
        try:
            waiter.ready.wait(timeout=_finite(slot.remaining_seconds()))
        finally:
            with self._lock:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
        if not waiter.granted:
            slot.check()
            raise DeadlineExceeded("The deadline came while waiting for a processor.")
        self._on_wait(self._clock() - began)

    def _release(self, slot: AdmissionSlot, seconds: float) -> None:
        with self._lock:
            slot.computed_seconds += seconds
            if slot in self._slots:
                self._fair.computed(slot, seconds, self._active(slot.priority))
            self._computing.remove(slot)
            self._leave_thread(slot)
            self._grant()

    def _enter_thread(self, slot: AdmissionSlot) -> None:
        """Count a thread that works for a slot; the caller holds the lock."""
        slot.threads += 1

    def _leave_thread(self, slot: AdmissionSlot) -> None:
        """Count it no longer; the caller holds the lock."""
        slot.threads -= 1
        if not slot.threads:
            self._abandoned.discard(slot)

    def _grant(self) -> None:
        """Give free permits to the next waiters; the caller holds the lock."""
        while len(self._computing) < self._permits and self._waiting:
            chosen = min(self._waiting, key=self._order)
            self._waiting.remove(chosen)
            chosen.granted = True
            chosen.ready.set()
            self._computing.append(chosen.slot)
            self._enter_thread(chosen.slot)

    def _order(self, waiter: _Waiter) -> tuple[int, tuple[float, int, float], int]:
        slot = waiter.slot
        return (slot.priority, self._fair.time(slot), slot.number)

    def _others_wait(self, slot: AdmissionSlot) -> bool:
        with self._lock:
            return any(waiter.slot is not slot and waiter.slot.priority <= slot.priority for waiter in self._waiting)

    def _active(self, priority: Priority) -> set[AdmissionSlot]:
        """The slots of a priority that wait for a permit or hold one; the caller holds the lock."""
        slots = {*self._computing, *(waiter.slot for waiter in self._waiting)}
        return {slot for slot in slots if slot.priority is priority}

    def _leave(self, slot: AdmissionSlot, *, cancelled: bool) -> None:
        with self._lock:
            if slot not in self._slots:
                return
            self._slots.remove(slot)
            if slot.threads:
                self._abandoned.add(slot)
            if not cancelled and slot.computed_seconds:
                self._estimate.add(slot.computed_seconds)
            self._fair.leave(slot)
            for waiter in [waiter for waiter in self._waiting if waiter.slot is slot]:
                self._waiting.remove(waiter)
                waiter.ready.set()  # its thread finds that nothing was granted, and that its slot is closed


class AdmissionSlot:
    """A request's slot in a `Scheduler`, and its `RequestContext`; closing it twice has no further effect.

    Leaving its block closes it. A thread that computes for it, or waits for a permit, then gets `Cancelled` at its next
    call. The slot is free for another request at once; in `Scheduler.load` it counts as taken until that thread ends.
    """

    def __init__(self, scheduler: Scheduler, client: str, priority: Priority, deadline: float, number: int) -> None:
        self.client = client
        self.priority = priority
        self.number = number
        self.computed_seconds = 0.0
        """Its computation so far, over all threads; the scheduler's lock guards it."""
        self.fair_seconds = NEVER
        """Its virtual time (see `fairness`); the scheduler's lock guards it."""
        self.threads = 0
        """How many threads work for it now; the scheduler's lock guards it."""
        self._scheduler = scheduler
        self._deadline = deadline
        self._lock = threading.Lock()  # guards the two that follow
        self._closed = False
        self._callbacks: list[Callable[[], object]] = []

    @contextmanager
    def permit(self) -> Iterator[None]:
        """See `RequestContext.permit`."""
        self._scheduler._acquire(self)  # noqa: SLF001 -- the two are one mechanism
        clock = self._scheduler._clock  # noqa: SLF001
        began = clock()
        try:
            yield
        finally:
            self._scheduler._release(self, clock() - began)  # noqa: SLF001

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the thread as working for this slot during the block, with a permit or without."""
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
            raise Cancelled("The request was cancelled.")
        if now >= self._deadline:
            raise DeadlineExceeded("The deadline is over.")

    def remaining_seconds(self) -> float:
        """See `RequestContext.remaining_seconds`."""
        return max(0.0, self._deadline - self._scheduler._clock())  # noqa: SLF001

    def others_wait(self) -> bool:
        """See `RequestContext.others_wait`; work of a lower priority does not count."""
        return self._scheduler._others_wait(self)  # noqa: SLF001

    def lift_deadline(self) -> None:
        """Remove the deadline, once the response has begun."""
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
        """Release the slot.

        Args:
            cancelled: the work was not finished, so its cost says nothing about other requests.
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
    """A thread that waits for a permit; the scheduler's lock guards ``granted``."""

    def __init__(self, slot: AdmissionSlot) -> None:
        self.slot = slot
        self.ready = threading.Event()
        self.granted = False


def _finite(seconds: float) -> float | None:
    """As `threading` takes a timeout."""
    return None if math.isinf(seconds) else seconds
