"""Words have times in which they can be said."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ
from sayso.stt.word_times import WordTime, fitted

RATE = SAMPLE_RATE_HZ
seconds = st.floats(-5, 70, allow_nan=False)


def times(*edges: tuple[float, float]) -> list[WordTime]:
    return [WordTime(round(start * RATE), round(end * RATE)) for start, end in edges]


def fit(*edges: tuple[float, float], letters: int = 4, duration: float = 60) -> list[tuple[float, float]]:
    made = fitted(times(*edges), [letters] * len(edges), round(duration * RATE))
    return [(round(start / RATE, 3), round(end / RATE, 3)) for start, end in made]


@given(st.lists(st.tuples(seconds, seconds, st.integers(1, 30)), max_size=60), st.floats(0, 60))
def test_no_word_is_too_short_or_too_long(words: list[tuple[float, float, int]], duration: float) -> None:
    """Whatever an engine says: ordered, within the audio, 40 ms at least where there is room, 5 s at most."""
    samples = round(duration * RATE)
    made = fitted(times(*((start, end) for start, end, _ in words)), [count for *_, count in words], samples)
    assert len(made) == len(words)
    assert all(before.end <= after.start for before, after in pairwise(made))
    assert all(time.start >= 0 and time.end <= samples for time in made)
    shortest = min(0.04 * RATE, samples // max(len(words), 1))
    assert all(shortest <= time.end - time.start <= 5 * RATE for time in made)


def test_possible_times_stay() -> None:
    """Nothing is moved that can be."""
    edges = ((0.5, 0.9), (0.9, 1.0), (1.5, 2.7), (2.7, 2.75))
    assert fit(*edges) == list(edges)


def test_words_without_a_length_take_some_of_their_neighbours() -> None:
    """A word of no time begins where it was put, and the next one a moment later."""
    assert fit((1.0, 2.0), (2.0, 2.0), (2.0, 3.0)) == [(1.0, 2.0), (2.0, 2.04), (2.04, 3.0)]
    assert fit((9.9, 10.0), (10.0, 10.0), (10.0, 10.0), duration=10) == [(9.88, 9.92), (9.92, 9.96), (9.96, 10.0)]


def test_a_word_that_overlaps_ends_where_the_next_begins() -> None:
    """A bad end does not move the words after it."""
    assert fit((1.0, 4.0), (1.5, 2.0), (2.0, 2.4)) == [(1.0, 1.5), (1.5, 2.0), (2.0, 2.4)]


def test_a_stretched_word_gives_up_the_silence_before_it() -> None:
    """It keeps its end where the next word follows at once, and its start otherwise."""
    assert fit((1.0, 9.0), (9.0, 9.5)) == [(6.5, 9.0), (9.0, 9.5)]
    assert fit((1.0, 9.0), (12.0, 12.5)) == [(1.0, 3.5), (12.0, 12.5)]
    assert fit((0.0, 30.0), letters=40) == [(0.0, 5.0)]


def test_more_words_than_time_are_equally_short() -> None:
    """A hundred words in a second."""
    made = fit(*[(0.5, 0.5)] * 100, duration=1)
    assert made[0] == (0.0, 0.01)
    assert made[-1] == (0.99, 1.0)
