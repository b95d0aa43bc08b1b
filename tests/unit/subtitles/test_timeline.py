"""The timeline builder and naive timing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.subtitles import TimelineBuilder, naive_times
from sayso.types import Boundary, Chapter, Span, Token, TokenTime, Word


def times(*edges: tuple[int, int]) -> list[TokenTime]:
    return [TokenTime(start_sample=start, end_sample=end) for start, end in edges]


def test_tokens_that_share_a_span_are_one_word() -> None:
    """What was said in three words and written in one keeps the author's spelling and all of its time."""
    builder = TimelineBuilder("(£3.50, please)", 1000)
    price = Span(start=1, end=6)
    tokens = [
        Token(spoken="three", span=price, lead="("),
        Token(spoken="pounds", span=price),
        Token(spoken="fifty", span=price, trail=",", boundary=Boundary.CLAUSE),
        Token(spoken="please", span=Span(start=8, end=14), trail=")"),
    ]
    builder.append(tokens, times((10, 20), (20, 30), (35, 50), (60, 90)), length_samples=100)
    assert builder.build().words == (
        Word(text="£3.50", span=price, start_sample=10, end_sample=50, lead="(", trail=",", boundary=Boundary.CLAUSE),
        Word(text="please", span=Span(start=8, end=14), start_sample=60, end_sample=90, trail=")"),
    )


def test_a_word_split_over_two_utterances_is_shown_once() -> None:
    """A number so long that it was spoken in two goes is still one written word."""
    builder = TimelineBuilder("12345678", 1000)
    span = Span(start=0, end=8)
    builder.append([Token(spoken="twelve", span=span)], times((0, 100)), length_samples=100)
    builder.pause(10)
    builder.append([Token(spoken="million", span=span)], times((5, 100)), length_samples=100)
    (word,) = builder.build().words
    assert (word.start_sample, word.end_sample) == (0, 210)


def test_pauses_and_utterances_add_up_to_the_sample() -> None:
    """Ten hours of utterances and pauses of odd lengths end exactly where their lengths say."""
    builder = TimelineBuilder("a", 24_000)
    token = Token(spoken="a", span=Span(start=0, end=1))
    for _ in range(36_000):
        builder.append([token], times((1, 16_000)), length_samples=16_001)
        builder.pause(7_999)
    timeline = builder.build()
    assert timeline.duration_samples == 36_000 * 24_000
    assert timeline.segments[-1].start_sample == 35_999 * 24_000


def test_chapters_follow_each_other() -> None:
    """A chapter lasts until the next one, the last one to the end; what comes before the first is in none."""
    builder = TimelineBuilder("", 1000)
    builder.pause(5)
    builder.chapter("One")
    builder.pause(10)
    builder.chapter("Two")
    builder.pause(20)
    assert builder.build().chapters == (
        Chapter(title="One", start_sample=5, end_sample=15),
        Chapter(title="Two", start_sample=15, end_sample=35),
    )


@pytest.mark.parametrize(
    "bad",
    [times(), times((0, 5), (5, 6)), times((6, 5)), times((0, 11)), times((-1, 5))],
    ids=["missing", "too many", "backwards", "past the end", "before the start"],
)
def test_times_that_cannot_be_are_refused(bad: list[TokenTime]) -> None:
    """An engine's mistake stops at the timeline rather than in a subtitle."""
    builder = TimelineBuilder("a", 1000)
    with pytest.raises(ValueError, match="do not fit 10 samples"):
        builder.append([Token(spoken="a", span=Span(start=0, end=1))], bad, length_samples=10)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40), st.integers(0, 10**9))
def test_naive_times_fill_the_length(spoken: list[str], length: int) -> None:
    """Naive times lie end to end over the whole length, and more characters never get less time, to the sample."""
    tokens = [Token(spoken=word, span=Span(start=0, end=1)) for word in spoken]
    shared = naive_times(tokens, length)
    edges = [time.start_sample for time in shared] + [shared[-1].end_sample]
    assert edges[0] == 0
    assert edges[-1] == length
    assert all(time.end_sample == edge for time, edge in zip(shared, edges[1:], strict=True))
    each = length / sum(map(len, spoken))
    assert all(
        abs(time.end_sample - time.start_sample - len(word) * each) <= 1.001
        for time, word in zip(shared, spoken, strict=True)
    )
