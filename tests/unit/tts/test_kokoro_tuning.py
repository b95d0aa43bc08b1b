"""How the machine is measured once, and what becomes of the answer."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sayso.machine import processors
from sayso.tts.engines.kokoro.tuning import Tuning, candidates, tuning
from support.waiting import threads_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Machine:
    """A machine on which an utterance takes as long as it is told, for each number of threads."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds = seconds
        self.opened: list[int] = []

    def open_speaker(self, threads: int) -> Callable[[], None]:
        self.opened.append(threads)
        return lambda: time.sleep(self.seconds[threads])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [(1, 1)]),
        (2, [(2, 1), (1, 2)]),
        (3, [(3, 1), (1, 2), (1, 3)]),
        (8, [(8, 1), (4, 2), (1, 8)]),
    ],
)
def test_candidates_never_use_more_than_there_is(count: int, expected: list[tuple[int, int]]) -> None:
    """Each way to share the processors uses at most all of them, and one thread each is always tried."""
    options = candidates(count)
    assert [(option.workers, option.threads) for option in options] == expected
    assert all(option.workers * option.threads <= count for option in options)


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 0.02, 2: 0.5}, Tuning(workers=2, threads=1)),
        ({1: 0.5, 2: 0.02}, Tuning(workers=1, threads=2)),
    ],
)
def test_the_fastest_way_is_chosen(tmp_path: Path, seconds: dict[int, float], best: Tuning) -> None:
    """What speaks more utterances a second on this machine is what is used."""
    assert tuning(tmp_path / "tuning.json", "model", Machine(seconds).open_speaker, count=2) == best


def test_the_answer_is_kept(tmp_path: Path) -> None:
    """A machine is measured once for each model; later the answer is read, and nothing is loaded."""
    file, machine = tmp_path / "deep" / "tuning.json", Machine({1: 0.01, 2: 0.05})
    first = tuning(file, "model", machine.open_speaker, count=2)
    machine.opened.clear()
    assert tuning(file, "model", machine.open_speaker, count=2) == first
    assert machine.opened == []
    tuning(file, "another model", machine.open_speaker, count=2)
    assert machine.opened == [1, 2]


def test_one_processor_needs_no_measuring(tmp_path: Path) -> None:
    """With one processor there is nothing to choose, and nothing is loaded."""
    machine = Machine({})
    assert tuning(tmp_path / "tuning.json", "model", machine.open_speaker, count=1) == Tuning(workers=1, threads=1)
    assert machine.opened == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model on 2 processors": 3}', '{"x": {"workers": 1}}'])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: str) -> None:
    """Whatever the file holds, the machine is measured again and the file is sound afterwards."""
    file, machine = tmp_path / "tuning.json", Machine({1: 0.01, 2: 0.05})
    file.write_text(content)
    answer = tuning(file, "model", machine.open_speaker, count=2)
    machine.opened.clear()
    assert tuning(file, "model", machine.open_speaker, count=2) == answer
    assert machine.opened == []


def test_a_place_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Where the answer cannot be kept it is used all the same, and a warning says why."""
    (tmp_path / "file").write_text("")
    with capture_logs() as logs:
        answer = tuning(tmp_path / "file" / "x", "model", Machine({1: 0.01, 2: 0.05}).open_speaker, count=2)
    assert answer == Tuning(workers=2, threads=1)
    assert "the measurement is not kept" in [log["event"] for log in logs]


def test_a_busy_machine_is_not_measured_for_minutes(tmp_path: Path) -> None:
    """After a few seconds nothing more begins: what was measured decides, and the answer is kept."""
    now, spoken, opened = [0.0], [], []
    lock = threading.Lock()

    def open_speaker(threads: int) -> Callable[[], None]:
        opened.append(threads)
        now[0] += 30.0  # loading is slow, too

        def speak() -> None:
            with lock:
                now[0] += 20.0
                spoken.append(threads)

        return speak

    file = tmp_path / "tuning.json"
    first = tuning(file, "model", open_speaker, count=4, clock=lambda: now[0])
    assert first == Tuning(workers=4, threads=1)
    assert opened == [1]
    assert 4 <= len(spoken) <= 8
    assert tuning(file, "model", open_speaker, count=4, clock=lambda: now[0]) == first
    assert opened == [1]


def test_a_machine_that_is_busy_is_measured_later(tmp_path: Path) -> None:
    """It begins to speak at once, a thread for each utterance; a start on a quiet machine measures, and keeps that."""
    file, machine = tmp_path / "tuning.json", Machine({1: 0.2, 2: 0.01})
    assert tuning(file, "model", machine.open_speaker, count=2, is_busy=lambda: True) == Tuning(workers=2, threads=1)
    assert machine.opened == []
    assert tuning(file, "model", machine.open_speaker, count=2) == Tuning(workers=1, threads=2)
    assert tuning(file, "model", machine.open_speaker, count=2, is_busy=lambda: True) == Tuning(workers=1, threads=2)


def test_measuring_leaves_no_thread(tmp_path: Path) -> None:
    """The threads that measured are gone afterwards."""
    before = threading.enumerate()
    tuning(tmp_path / "tuning.json", "model", Machine({1: 0.01, 2: 0.01}).open_speaker, count=2)
    assert threads_since(before) == []


def test_there_is_at_least_one_processor() -> None:
    """This machine has a processor."""
    assert processors() >= 1
