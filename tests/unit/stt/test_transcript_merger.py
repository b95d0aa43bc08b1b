"""How the transcripts of a recording's parts are joined."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ, EngineSegment, EngineWord
from sayso.stt.openai.parts import Seam
from sayso.stt.openai.transcript_merger import join


def segments_of(words: list[EngineWord], size: int = 5) -> list[EngineSegment]:
    return [EngineSegment(tuple(words[first : first + size])) for first in range(0, len(words), size)]


def texts(segments: list[EngineSegment]) -> list[str]:
    return [word.text for segment in segments for word in segment.words]


@st.composite
def speeches(draw: st.DrawFn) -> tuple[list[EngineWord], float]:
    """A minute of words from a small vocabulary, so that they repeat, and a place to cut at."""
    written = draw(
        st.lists(st.sampled_from(["the", "sea", "rose", "and", "fell", "again,", "Then"]), min_size=150, max_size=150)
    )
    lengths = draw(st.lists(st.floats(0.15, 0.6), min_size=150, max_size=150))
    starts = np.cumsum([0.0, *lengths]).tolist()
    words = [EngineWord(f" {text}", start, end) for text, (start, end) in zip(written, pairwise(starts), strict=True)]
    return words, draw(st.floats(6, starts[-1] - 6))


@given(speech=speeches(), shifts=st.lists(st.floats(-0.1, 0.1), min_size=150, max_size=150))
def test_overlapping_parts_join_without_loss_or_repetition(
    speech: tuple[list[EngineWord], float], shifts: list[float]
) -> None:
    """Words at a seam are there once, in order, although words repeat and both parts time them a little differently."""
    words, cut_seconds = speech
    seam = Seam(round(cut_seconds * SAMPLE_RATE_HZ), 6 * SAMPLE_RATE_HZ)
    before = [word for word in words if word.end_seconds <= cut_seconds + 3]
    after = [
        EngineWord(word.text, word.start_seconds + shift, word.end_seconds + shift)
        for word, shift in zip(words, shifts, strict=True)
        if word.start_seconds >= cut_seconds - 3
    ]

    kept_before, kept_after = join(segments_of(before), segments_of(after), seam, timed=True)

    assert texts(kept_before) + texts(kept_after) == [word.text for word in words]


def test_words_that_were_cut_in_half_are_left_out() -> None:
    """The half words at the ends of overlapping parts give way to the whole ones of the other part."""
    said = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    words = [EngineWord(f" {text}", float(place), place + 1.0) for place, text in enumerate(said)]
    before = [*words[:6], EngineWord(" sev", 6.0, 6.5)]
    after = [EngineWord(" ree", 2.5, 3.0), *words[3:]]

    parts = join(segments_of(before), segments_of(after), Seam(5 * SAMPLE_RATE_HZ, 4 * SAMPLE_RATE_HZ), timed=True)

    assert texts(parts[0]) + texts(parts[1]) == [word.text for word in words]


def test_parts_that_agree_on_nothing_are_cut_by_time() -> None:
    """Where no word is the same, each part keeps its own side of the cut."""
    before = [EngineWord(" la", float(place), place + 1.0) for place in range(10)]
    after = [EngineWord(" tum", float(place), place + 1.0) for place in range(4, 14)]

    parts = join(segments_of(before), segments_of(after), Seam(7 * SAMPLE_RATE_HZ, 6 * SAMPLE_RATE_HZ), timed=True)

    assert (texts(parts[0]), texts(parts[1])) == ([" la"] * 7, [" tum"] * 7)


def test_parts_cut_in_a_silence_are_kept_whole() -> None:
    """Without an overlap nothing is compared, however alike the words at the seam are."""
    again = segments_of([EngineWord(" again", 9.0, 10.0)])

    assert join(again, again, Seam(10 * SAMPLE_RATE_HZ, 0), timed=True) == (again, again)


@pytest.mark.parametrize("timed", [True, False])
def test_a_silent_part_joins(timed: bool) -> None:
    """A part in which nothing was heard takes nothing from its neighbour."""
    words = segments_of([EngineWord(" alone", 1.0, 2.0)])
    seam = Seam(3 * SAMPLE_RATE_HZ, 2 * SAMPLE_RATE_HZ)

    assert join(words, [], seam, timed=timed) == (words, [])
    assert join([], segments_of([EngineWord(" alone", 4.0, 5.0)]), seam, timed=timed)[0] == []
