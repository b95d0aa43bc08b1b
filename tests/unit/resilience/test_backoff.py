"""Pauses between attempts grow, are bounded, and differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sayso.resilience.backoff import FIRST_SECONDS, LONGEST_SECONDS, backoff_seconds


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_within_its_bounds(failures: int, chance: float) -> None:
    """No pause is shorter than half the first, or longer than the longest."""
    assert FIRST_SECONDS / 2 <= backoff_seconds(failures, chance=lambda: chance) <= LONGEST_SECONDS


@given(failures=st.integers(1, 100), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_never_shrink(failures: int, chance: float) -> None:
    """With the same luck, the next pause is at least as long."""
    pauses = [backoff_seconds(number, chance=lambda: chance) for number in (failures, failures + 1)]
    assert pauses == sorted(pauses)
