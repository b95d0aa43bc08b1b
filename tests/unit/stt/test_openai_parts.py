"""Where long recordings are cut, and how their parts are joined."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ, EngineSegment, EngineWord
from sayso.stt.openai.parts import Part, Seam, join, parts_of, seams_of
from sayso.stt.recording import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from sayso.types import FloatArray

SPEECH_DB, PAUSE_DB = -20.0, -65.0


def levels(seconds: float, *silences: tuple[float, float], pause_db: float = PAUSE_DB) -> FloatArray:
    """The levels of speech that wavers a little, with silences from one second to another."""
    chance = np.random.default_rng(1)
    made = SPEECH_DB + chance.uniform(-3, 3, round(seconds * FRAMES_PER_SECOND)).astype(np.float32)
    for start, end in silences:
        made[round(start * FRAMES_PER_SECOND) : round(end * FRAMES_PER_SECOND)] = pause_db
    return made


def seams(made: FloatArray, part_seconds: float) -> list[tuple[float, float]]:
    """The seams' places and overlaps in seconds."""
    samples = len(made) * SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    found = seams_of(made, samples, part_seconds=part_seconds)
    return [(seam.sample / SAMPLE_RATE_HZ, seam.overlap_samples / SAMPLE_RATE_HZ) for seam in found]


def test_what_is_short_is_not_cut() -> None:
    """A recording of one part's length is one part."""
    assert seams(levels(100, (40, 45)), 100) == []


def test_the_cut_is_in_the_middle_of_the_longest_silence() -> None:
    """Of the silences near the wanted place the longest is cut, in its middle, without overlap."""
    assert seams(levels(200, (95, 95.5), (104, 105.2), (150, 155)), 100) == [(104.6, 0.0)]


def test_of_long_silences_the_nearer_is_cut() -> None:
    """Beyond a second and a half a silence gains nothing by being longer."""
    assert seams(levels(200, (92, 98), (100, 102)), 100) == [(101.0, 0.0)]


def test_a_noisy_pause_is_a_pause() -> None:
    """Silence is what is far below the speech around it, whatever noise there is."""
    noise = levels(200, *[(start, start + 1.0) for start in range(5, 200, 7)], pause_db=-45.0)
    assert seams(noise, 100) == [(103.5, 0.0)]


def test_without_a_silence_parts_overlap_at_the_quietest_place() -> None:
    """A short dip is no place to cut without hearing both sides of it twice."""
    assert seams(levels(200, (103, 103.2)), 100) == [(103.1, 6.0)]


def test_stops_within_words_are_no_silence() -> None:
    """Gaps of a tenth of a second are part of speech."""
    made = levels(200, *[(start / 2, start / 2 + 0.1) for start in range(400)])
    assert [overlap for _, overlap in seams(made, 100)] == [6.0]


@given(
    seconds=st.floats(0, 400),
    part_seconds=st.floats(5, 100),
    silences=st.lists(st.tuples(st.floats(0, 400), st.floats(0.1, 20)), max_size=10),
)
@example(seconds=6.0, part_seconds=5.0, silences=[])
def test_parts_cover_the_recording_and_stay_in_bounds(
    seconds: float, part_seconds: float, silences: list[tuple[float, float]]
) -> None:
    """Every sample is in a part, parts overlap by what the seam says, and none is much longer than was wanted."""
    made = levels(seconds, *[(start, start + length) for start, length in silences])
    samples = round(seconds * SAMPLE_RATE_HZ)

    found = seams_of(made, samples, part_seconds=part_seconds)
    parts = parts_of(found, samples)

    assert parts[0].start_sample == 0
    assert parts[-1].end_sample == samples
    for seam, (before, after) in zip(found, pairwise(parts), strict=True):
        assert before.end_sample - after.start_sample == seam.overlap_samples
        assert before.start_sample < seam.sample < after.end_sample
    longest = max(part.end_sample - part.start_sample for part in parts) / SAMPLE_RATE_HZ
    assert longest <= part_seconds * 1.2 + 6.1


def test_a_part_stays_below_what_openai_takes() -> None:
    """The longest part there can be is no more than 25 MiB as plain 16-bit samples."""
    seconds = 600 * 1.2 + 6
    assert seconds * SAMPLE_RATE_HZ * 2 + 100_000 < 25 * 2**20


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


def test_the_whole_of_an_empty_recording_is_one_part() -> None:
    """No recording is without a part."""
    assert parts_of(seams_of(levels(0), 0), 0) == [Part(0, 0)]
