"""The ranges of speech that a detector's probabilities mean."""

from __future__ import annotations

import numpy as np
import pytest

from sayso.stt.speech_ranges import RangeOptions, ranges_of
from sayso.stt.vad import WINDOW_SAMPLES

SECOND = 31  # windows


def ranges(pattern: list[tuple[float, int]], **options: float) -> list[tuple[int, int]]:
    """The ranges in windows, of probabilities that each last for a number of windows."""
    probabilities = np.concatenate([np.full(windows, value, np.float32) for value, windows in pattern])
    found = ranges_of(probabilities, len(probabilities) * WINDOW_SAMPLES, RangeOptions(**options))
    return [(each.start // WINDOW_SAMPLES, each.end // WINDOW_SAMPLES) for each in found]


def test_speech_is_between_silences() -> None:
    """A silence of a second separates; a shorter one does not."""
    assert ranges([(0.0, 10), (0.9, 20), (0.0, 2 * SECOND), (0.9, 20), (0.0, 10)]) == [(10, 30), (92, 112)]
    assert ranges([(0.0, 10), (0.9, 20), (0.0, 10), (0.9, 20), (0.0, 10)]) == [(10, 60)]
    assert ranges([(0.9, 50)]) == [(0, 50)]
    assert ranges([(0.1, 50)]) == []


def test_speech_ends_below_a_lower_threshold() -> None:
    """0.15 below by default, or where the caller says."""
    pattern = [(0.9, 20), (0.65, 2 * SECOND), (0.9, 20)]
    assert ranges(pattern) == [(0, 102)]
    assert ranges(pattern, end_threshold=0.7) == [(0, 20), (82, 102)]


def test_short_speech_is_left_out() -> None:
    """A click is no speech."""
    pattern = [(0.9, 3), (0.0, 2 * SECOND), (0.9, 30)]
    assert ranges(pattern, shortest_seconds=0.25) == [(65, 95)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ([(0.9, 100)], [(0, 31), (31, 62), (62, 93), (93, 100)]),
        ([(0.9, 20), (0.0, 5), (0.9, 20)], [(0, 20), (25, 45)]),
    ],
)
def test_long_speech_is_cut(pattern: list[tuple[float, int]], expected: list[tuple[int, int]]) -> None:
    """In its last short silence if it has one, and otherwise where it becomes too long."""
    assert ranges(pattern, longest_seconds=1.0) == expected


def test_padding_does_not_overlap() -> None:
    """Two ranges share a short silence, and none leaves the recording."""
    pattern = [(0.9, 20), (0.0, 4), (0.9, 20)]
    assert ranges(pattern, silence_seconds=0.1, padding_seconds=10.0) == [(0, 22), (22, 44)]


def test_no_threshold_takes_everything() -> None:
    """At 0, every window is speech."""
    assert ranges([(0.0, 10), (0.4, 10)], threshold=0.0) == [(0, 20)]
