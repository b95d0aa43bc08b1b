"""Where long recordings are cut."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ
from sayso.stt.openai.parts import Part, parts_of, seams_of
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


def test_the_whole_of_an_empty_recording_is_one_part() -> None:
    """No recording is without a part."""
    assert parts_of(seams_of(levels(0), 0), 0) == [Part(0, 0)]
