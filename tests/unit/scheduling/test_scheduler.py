"""Admission slots and compute permits: bounded, fair, cancelled at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Busy, Cancelled, DeadlineExceeded
from sayso.scheduling import UNBOUNDED, AdmissionSlot, Priority, Scheduler
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Line:
    """Threads that want permits, one scheduler with a single one, and the order in which they got it."""

    def __init__(self, scheduler: Scheduler, clock: Clock) -> None:
        self.scheduler = scheduler
        self.order: list[str] = []
        self._clock = clock
        self._threads: list[threading.Thread] = []

    def join(self, name: str, slot: AdmissionSlot, *, seconds: float = 1.0, permits: int = 1) -> None:
        """Have a thread wait for permits, and return when it does."""
        waiting = self.scheduler.load.waiting

        def work() -> None:
            for _ in range(permits):
                with slot.permit():
                    self.order.append(name)
                    self._clock.now += seconds

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()
        while self.scheduler.load.waiting == waiting:
            pass

    def finish(self) -> list[str]:
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()
        return self.order


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scheduler(clock: Clock) -> Scheduler:
    return Scheduler(permits=1, slots=8, clock=clock)


@pytest.fixture
def line(scheduler: Scheduler, clock: Clock) -> Line:
    return Line(scheduler, clock)


@pytest.fixture
def holder(scheduler: Scheduler) -> Iterator[AdmissionSlot]:
    with scheduler.admit("holder") as slot:
        yield slot


def test_interactive_work_goes_before_batch_work(scheduler: Scheduler, line: Line, holder: AdmissionSlot) -> None:
    """Somebody who waits is served before work that nobody waits for, although that came first."""
    with holder.permit():
        line.join("batch", scheduler.admit("a", priority=Priority.BATCH))
        line.join("interactive", scheduler.admit("b"))
    assert line.finish() == ["interactive", "batch"]


def test_a_client_with_many_requests_holds_up_no_other(scheduler: Scheduler, line: Line, holder: AdmissionSlot) -> None:
    """Turns go to clients by what they have computed, not by how many requests they have."""
    with holder.permit():
        for number in range(3):
            line.join(f"many {number}", scheduler.admit("many"))
        line.join("one", scheduler.admit("one"))
    assert line.finish()[1] == "one"


def test_a_new_request_begins_before_an_old_one_ends(scheduler: Scheduler, line: Line, holder: AdmissionSlot) -> None:
    """Of one client's requests the one that has computed least is next."""
    with holder.permit():
        line.join("old", scheduler.admit("a"), permits=3)
        line.join("new", scheduler.admit("a"))
    assert line.finish() == ["old", "new", "old", "old"]


def test_a_client_that_comes_back_has_saved_nothing_up(scheduler: Scheduler, clock: Clock) -> None:
    """A client who was away starts level with the others, and does not keep them waiting for what they had."""
    with scheduler.admit("here") as here:
        with here.permit():
            clock.now += 100
        back = scheduler.admit("back")
        with back.permit():
            clock.now += 1
        line = Line(scheduler, clock)
        with here.permit():
            line.join("back", back)
            line.join("here", here)
    assert line.finish() == ["here", "back"]  # what "here" computed before "back" came does not count


class Turns:
    """Requests that wait for the only permit, all of them whenever it is free, and the order in which they get it."""

    def __init__(self, scheduler: Scheduler, clock: Clock) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self.order: list[str] = []

    def run(self, name: str, slot: AdmissionSlot, *, permits: int = 1, then: Callable[[], None] | None = None) -> None:
        """Have a thread take permits of a second each, and call ``then`` with each of them; return when it waits."""

        def work() -> None:
            with slot:
                for _ in range(permits):
                    with slot.permit():
                        self.order.append(name)
                        self._clock.now += 1.0
                        if then is not None:
                            then()
                        wait_until(lambda: self._scheduler.load.waiting >= self._alive() - 1)

        waiting = self._scheduler.load.waiting
        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()
        wait_until(lambda: self._scheduler.load.waiting > waiting)

    def finish(self) -> list[str]:
        for thread in self._threads:  # grows while they run
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()
        return self.order

    def _alive(self) -> int:
        return sum(thread.is_alive() for thread in list(self._threads))


@pytest.mark.parametrize("at_once", [1, 2, 4])
@pytest.mark.parametrize("client", ["long", "another"])
@pytest.mark.parametrize("idle", [False, True])
def test_a_long_request_has_its_turns_among_short_ones_that_never_end(
    clock: Clock, client: str, at_once: int, *, idle: bool
) -> None:
    """Short requests that follow one another without a pause, of its own client or of another, do not starve it."""
    scheduler = Scheduler(permits=1, slots=64, clock=clock)
    turns = Turns(scheduler, clock)
    left = iter(range(40))

    def start() -> None:
        if next(left, None) is not None:
            turns.run("short", scheduler.admit(client), then=start)

    long = scheduler.admit("long")
    with long.permit():
        clock.now += 5.0  # it has computed more than any of those that follow
    if idle:
        scheduler.admit(client)  # a slot that never computes gives no credit to those that come after it
    with scheduler.admit("holder") as holder, holder.permit():
        for _ in range(at_once):
            start()
        turns.run("long", long, permits=5)
    places = [index for index, name in enumerate(turns.finish()) if name == "long"]
    waits = [after - before - 1 for before, after in pairwise([-1, *places])]
    assert len(places) == 5
    assert max(waits) <= 2 * at_once + 1


def test_a_full_scheduler_says_when_to_come_again(scheduler: Scheduler) -> None:
    """Beyond the bound nobody waits: the answer is no, with a time that is neither nothing nor for ever."""
    places = [scheduler.admit(f"a{number}") for number in range(8)]
    with pytest.raises(Busy) as refused:
        scheduler.admit("b")
    assert 1 <= refused.value.retry_after_seconds <= 120
    places[0].close()
    scheduler.admit("b").close()


@pytest.mark.parametrize("count", [2, 3, 4, 7, 64])
def test_no_client_holds_every_place(count: int) -> None:
    """However few there are: one client alone has half of them, and those who come next find some."""
    scheduler = Scheduler(permits=1, slots=count)
    for client in ("greedy", "second"):
        free = scheduler.load.slots - scheduler.load.taken
        share = (free + 1) // 2
        for _ in range(share):
            scheduler.admit(client)
        with pytest.raises(Busy, match="your share" if scheduler.load.taken < count else "places are taken"):
            scheduler.admit(client)
    assert scheduler.load.taken > count / 2


def test_the_only_place_is_for_everybody() -> None:
    """A server with one slot serves one client after the other."""
    scheduler = Scheduler(permits=1, slots=1)
    scheduler.admit("a").close()
    with scheduler.admit("b"), pytest.raises(Busy):
        scheduler.admit("a")


def test_the_time_to_come_again_follows_what_requests_cost(clock: Clock) -> None:
    """Where requests turn out to be expensive, refused clients are told to wait longer."""
    scheduler = Scheduler(permits=1, slots=2, clock=clock)

    def told() -> float:
        with scheduler.admit("a"), scheduler.admit("b"), pytest.raises(Busy) as refused:
            scheduler.admit("c")
        return refused.value.retry_after_seconds

    cheap = told()
    for _ in range(20):
        with scheduler.admit("a") as slot, slot.permit():
            clock.now += 30
    assert told() > cheap


def test_a_closed_place_is_free_at_once(scheduler: Scheduler, holder: AdmissionSlot) -> None:
    """A thread that waits for a permit of a cancelled request stops waiting, and the slot is free for others."""
    slot = scheduler.admit("gone")
    with ThreadPoolExecutor(1) as pool, holder.permit():

        def wait() -> None:
            with slot.permit():
                pytest.fail("it got a turn")

        waiting = pool.submit(wait)
        while not scheduler.load.waiting:
            pass
        slot.close(cancelled=True)
        with pytest.raises(Cancelled):
            waiting.result(WAIT_SECONDS)
        assert scheduler.load.waiting == 0
        assert scheduler.load.taken == 1


def test_a_place_is_told_as_taken_while_a_thread_works_for_it(clock: Clock) -> None:
    """Cancelled work is counted until it ends, with a permit or without, although its slot is free for others."""
    scheduler = Scheduler(permits=1, slots=1, clock=clock)
    slot = scheduler.admit("gone")
    with slot.working():
        with slot.permit():
            slot.close(cancelled=True)
            assert scheduler.load.taken == 1
            scheduler.admit("next").close()
        assert scheduler.load.taken == 1
    assert scheduler.load.taken == 0


def test_closing_a_place_calls_back_once(scheduler: Scheduler) -> None:
    """Whoever waits for something else is told of the end once, at once when it has come, never after its block."""
    calls: list[str] = []
    slot = scheduler.admit("a")
    with slot.on_cancel(lambda: calls.append("over")):
        pass
    with slot.on_cancel(lambda: calls.append("during")):
        slot.close()
        slot.close()
    with slot.on_cancel(lambda: calls.append("after")):
        pass
    assert calls == ["during", "after"]


def test_a_deadline_ends_the_wait_and_the_work(clock: Clock) -> None:
    """After its deadline a request gets no permit, but DeadlineExceeded."""
    scheduler = Scheduler(permits=1, slots=2, clock=clock)
    slot = scheduler.admit("a", deadline_seconds=5)
    assert slot.remaining_seconds() == 5
    clock.now += 5
    with pytest.raises(DeadlineExceeded), slot.permit():
        pass
    with pytest.raises(DeadlineExceeded):
        slot.check()
    assert slot.remaining_seconds() == 0


def test_an_answer_that_has_begun_may_take_its_time(clock: Clock) -> None:
    """A deadline is for the beginning of an answer: once it is lifted, the work goes on to its end."""
    scheduler = Scheduler(permits=1, slots=1, clock=clock)
    slot = scheduler.admit("a", deadline_seconds=5)
    slot.lift_deadline()
    clock.now += 5000
    with slot.permit():
        slot.check()


def test_a_deadline_that_comes_while_waiting_is_told() -> None:
    """A request whose deadline comes while others compute does not wait for a permit any longer."""
    scheduler = Scheduler(permits=1, slots=2)
    late = scheduler.admit("a", deadline_seconds=0.05)
    with scheduler.admit("b") as holder, holder.permit(), pytest.raises(DeadlineExceeded), late.permit():
        pass
    assert scheduler.load.waiting == 0


def test_no_more_permits_are_held_than_there_are() -> None:
    """However many threads want permits, only so many compute at once, and all of them are served."""
    scheduler = Scheduler(permits=2, slots=16)
    lock = threading.Lock()
    computing, most = 0, 0

    def work(number: int) -> None:
        nonlocal computing, most
        with scheduler.admit(f"client {number % 3}") as slot:
            for _ in range(20):
                with slot.permit():
                    with lock:
                        computing += 1
                        most = max(most, computing)
                    with lock:
                        computing -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert most <= 2
    assert scheduler.load.computing == scheduler.load.waiting == scheduler.load.taken == 0


def test_an_error_in_a_turn_gives_it_back(scheduler: Scheduler, holder: AdmissionSlot) -> None:
    """A permit that ends with an error is free for the next."""
    with pytest.raises(ZeroDivisionError), holder.permit():
        _ = 1 / 0
    with holder.permit():
        assert scheduler.load.computing == 1


def test_waits_are_told(clock: Clock) -> None:
    """The wait for every permit is reported."""
    waits: list[float] = []
    scheduler = Scheduler(permits=1, slots=2, on_wait=waits.append, clock=clock)
    with scheduler.admit("a") as slot, slot.permit():
        pass
    assert waits == [0.0]


def test_unscheduled_work_is_never_in_the_way() -> None:
    """The free context lets everything through, for ever."""
    with UNBOUNDED.permit(), UNBOUNDED.on_cancel(lambda: pytest.fail("nobody cancels it")):
        UNBOUNDED.check()
    assert UNBOUNDED.remaining_seconds() == float("inf")
