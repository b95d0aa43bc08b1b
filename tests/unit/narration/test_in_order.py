"""Work that is chosen as threads become free comes out in order, once, and no further than is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sayso.narration.in_order import InOrder
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


def numbers(count: int, work: Callable[[int], int] = lambda number: number) -> Callable[[], Callable[[], int] | None]:
    """Chooses the numbers from 0, one after the other."""
    left = iter(range(count))

    def choose() -> Callable[[], int] | None:
        number = next(left, None)
        return None if number is None else lambda: work(number)

    return choose


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 100])
def test_results_come_in_order(workers: int, count: int) -> None:
    """However many threads work, and whichever is ready first."""
    assert list(InOrder(numbers(count), workers=workers, most_ahead=4)) == list(range(count))


def test_the_first_is_given_while_the_second_is_made() -> None:
    """A result is there as soon as it is made."""
    is_taken = threading.Event()

    def work(number: int) -> int:
        assert number == 0 or is_taken.wait(60)
        return number

    results = iter(InOrder(numbers(2, work), workers=2, most_ahead=4))
    assert next(results) == 0
    is_taken.set()
    assert list(results) == [1]


def test_only_so_many_are_ahead() -> None:
    """A caller who takes one has a bounded number made ahead."""
    made: list[int] = []

    def work(number: int) -> int:
        made.append(number)
        return number

    results = iter(InOrder(numbers(100, work), workers=2, most_ahead=3))
    assert next(results) == 0
    wait_until(lambda: len(made) >= 4)
    results.close()  # type: ignore[attr-defined]
    assert len(made) <= 5


@pytest.mark.parametrize("failing", [0, 1, 7])
def test_an_error_comes_in_its_place_and_ends_the_work(failing: int) -> None:
    """What is before it is given, it is raised, and little is begun after it."""
    made: list[int] = []

    def work(number: int) -> int:
        made.append(number)
        if number == failing:
            raise LookupError
        return number

    given: list[int] = []
    with pytest.raises(LookupError):
        given.extend(InOrder(numbers(100, work), workers=2, most_ahead=3))
    assert given == list(range(failing))
    assert len(made) < failing + 6


def test_an_error_of_the_choice_is_raised() -> None:
    """As one of the work is."""

    def choose() -> Callable[[], int]:
        raise LookupError

    with pytest.raises(LookupError):
        list(InOrder(choose, workers=3, most_ahead=3))
