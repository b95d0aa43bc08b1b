"""What is loaded when it is needed is loaded once, stays while it is used, and leaves when it is idle."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from sayso.lazy import LazyModel

if TYPE_CHECKING:
    from collections.abc import Callable


class Model:
    """Something that can be seen to be gone."""


class Clockwork:
    """Timers that go off when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[_Timer] = []

    def timer(self, seconds: float, callback: Callable[[], None]) -> _Timer:
        return _Timer(self, seconds, callback)

    def ring(self) -> None:
        """Let every timer that waits go off."""
        for timer in list(self.waiting):
            timer.cancel()
            timer.callback()


class _Timer:
    def __init__(self, clockwork: Clockwork, seconds: float, callback: Callable[[], None]) -> None:
        self.clockwork, self.seconds, self.callback = clockwork, seconds, callback

    def start(self) -> None:
        self.clockwork.waiting.append(self)

    def cancel(self) -> None:
        if self in self.clockwork.waiting:
            self.clockwork.waiting.remove(self)


def test_it_is_loaded_at_the_first_use_and_kept() -> None:
    """Nothing is loaded before it is used, and every use gets the same."""
    resident = LazyModel(Model)
    assert not resident.is_loaded
    with resident.use() as first:
        pass
    with resident.use() as second:
        assert first is second
    assert resident.is_loaded


def test_threads_that_come_together_load_it_once() -> None:
    """While one thread loads, the others wait, and all get what it loaded."""
    begun, release = threading.Event(), threading.Event()
    loads: list[Model] = []

    def load() -> Model:
        begun.set()
        assert release.wait(10)
        loads.append(Model())
        return loads[-1]

    resident = LazyModel(load)
    seen: list[Model] = []

    def use() -> None:
        with resident.use() as model:
            seen.append(model)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    assert not resident.is_loaded
    release.set()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert seen == loads * 8


def test_it_leaves_the_memory_when_it_has_been_idle() -> None:
    """After the idle time it is really freed, and the next use loads it anew."""
    clockwork = Clockwork()
    resident = LazyModel(Model, idle_unload_seconds=60, timer=clockwork.timer)
    with resident.use() as model:
        gone = weakref.ref(model)
        del model
    assert [timer.seconds for timer in clockwork.waiting] == [60]

    clockwork.ring()
    gc.collect()

    assert not resident.is_loaded
    assert gone() is None
    with resident.use() as model:
        assert isinstance(model, Model)


def test_it_is_never_unloaded_while_it_is_used() -> None:
    """A use stops the clock, which begins again when the last user has gone."""
    clockwork = Clockwork()
    resident = LazyModel(Model, idle_unload_seconds=60, timer=clockwork.timer)
    with resident.use():
        pass
    late = clockwork.waiting[0]
    with resident.use():
        assert not clockwork.waiting
        late.callback()  # it had gone off when it was cancelled
        with resident.use():
            pass
        assert not clockwork.waiting
        assert resident.is_loaded
    assert len(clockwork.waiting) == 1


def test_without_an_idle_time_it_stays() -> None:
    """0 seconds means for ever."""
    clockwork = Clockwork()
    with LazyModel(Model, timer=clockwork.timer).use():
        pass
    assert not clockwork.waiting


def test_what_fails_to_load_is_tried_again() -> None:
    """An error of loading reaches the caller, and the next use loads again."""
    outcomes: list[Exception | Model] = [OSError("no such file"), Model()]

    def load() -> Model:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    clockwork = Clockwork()
    resident = LazyModel(load, idle_unload_seconds=60, timer=clockwork.timer)
    with pytest.raises(OSError, match="no such file"), resident.use():
        pass
    assert not resident.is_loaded
    assert not clockwork.waiting
    with resident.use() as model:
        assert isinstance(model, Model)


def test_a_real_timer_unloads_it() -> None:
    """Without a timer of the caller's, a thread of its own does it."""
    freed = threading.Event()
    resident = LazyModel(Model, idle_unload_seconds=0.01)
    with resident.use() as model:
        weakref.finalize(model, freed.set)
        del model
    assert freed.wait(10)


def test_a_retired_model_has_no_timer_and_leaves_with_the_last_reference() -> None:
    """Also one whose idle time runs just now, and one that is used once more."""
    clockwork, freed = Clockwork(), threading.Event()
    resident = LazyModel(Model, idle_unload_seconds=60, timer=clockwork.timer)
    with resident.use() as model:
        weakref.finalize(model, freed.set)
        del model
    assert clockwork.waiting
    resident.retire()
    assert not clockwork.waiting
    with resident.use():
        pass
    assert not clockwork.waiting
    assert resident.is_loaded
    del resident
    gc.collect()
    assert freed.is_set()
