"""Finished transfers are gathered for a moment."""

from __future__ import annotations

from queue import SimpleQueue

from sayso.modelsync.reconciliation.grouping import next_group


def filled(count: int) -> SimpleQueue[int]:
    """A queue of numbers."""
    queue: SimpleQueue[int] = SimpleQueue()
    for number in range(count):
        queue.put(number)
    return queue


def test_a_group_has_what_is_finished() -> None:
    """Up to its largest size."""
    assert next_group(filled(5), 9, largest=3) == [0, 1, 2]
    assert next_group(filled(5), 9, longest_seconds=0.0) == [0, 1, 2, 3, 4]


def test_the_last_transfers_are_not_waited_for_longer() -> None:
    """When nothing more can come, the group is complete."""
    assert next_group(filled(2), 2, longest_seconds=3600.0) == [0, 1]


def test_a_group_ends_some_time_after_its_first_transfer() -> None:
    """By the clock, not by the number of files that trickle in."""
    times = iter([0.0, 0.1, 0.3, 0.3, 0.3])
    assert next_group(filled(1), 9, longest_seconds=0.2, clock=lambda: next(times)) == [0]
