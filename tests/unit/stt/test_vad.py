"""Recordings are cut where nobody speaks, nothing that is said is left out, and every moment keeps its place."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ, VadOptions
from sayso.stt.vad import WINDOW_SAMPLES, Chunk, SampleRange, SpeechDetector, chunks_of

if TYPE_CHECKING:
    from sayso.types import FloatArray

LONGEST = 29 * SAMPLE_RATE_HZ
runs = st.lists(st.tuples(st.integers(1, 2500), st.sampled_from([0.02, 0.2, 0.4, 0.6, 0.98])), max_size=30)


def probabilities(*runs: tuple[float, float]) -> FloatArray:
    """So many seconds of this likelihood, one after the other."""
    windows = [
        np.full(round(seconds * SAMPLE_RATE_HZ / WINDOW_SAMPLES), likely, np.float32) for seconds, likely in runs
    ]
    return np.concatenate(windows)


def span(start_seconds: float, end_seconds: float) -> SampleRange:
    return SampleRange(round(start_seconds * SAMPLE_RATE_HZ), round(end_seconds * SAMPLE_RATE_HZ))


def chunked(likely: FloatArray) -> list[Chunk]:
    return chunks_of(likely, len(likely) * WINDOW_SAMPLES)


@given(runs)
def test_all_speech_is_in_a_chunk_and_no_chunk_is_too_long(runs: list[tuple[int, float]]) -> None:
    """Whatever is spoken for more than an instant is heard once, in order, in chunks that Whisper can take."""
    likely = np.concatenate([np.empty(0, np.float32), *(np.full(count, value, np.float32) for count, value in runs)])
    chunks = chunked(likely)
    pieces = [piece for chunk in chunks for piece in chunk.pieces]

    assert all(0 < chunk.samples <= LONGEST for chunk in chunks)
    assert all(piece.start < piece.end for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert all(piece.end <= len(likely) * WINDOW_SAMPLES for piece in pieces)
    covered = np.zeros(len(likely), bool)
    for piece in pieces:
        covered[piece.start // WINDOW_SAMPLES : -(-piece.end // WINDOW_SAMPLES)] = True
    if np.count_nonzero(likely >= 0.5) >= 4 and not pieces:
        assert max(count for count, value in runs if value >= 0.5) < 4  # clicks, far apart
    for first in np.flatnonzero((likely[:-3] >= 0.5) & (likely[1:-2] >= 0.5) & (likely[2:-1] >= 0.5)):
        if np.all(likely[first : first + 4] >= 0.5):
            assert covered[first]


@given(runs, st.floats(0.2, 0.95), st.floats(0, 3), st.floats(0, 3))
def test_however_speech_is_told_from_silence_nothing_is_heard_twice(
    runs: list[tuple[int, float]], threshold: float, silence_seconds: float, padding_seconds: float
) -> None:
    """Pieces stay in order and apart, and chunks short enough, whatever the caller thinks of silence."""
    likely = np.concatenate([np.empty(0, np.float32), *(np.full(count, value, np.float32) for count, value in runs)])
    options = VadOptions(threshold=threshold, silence_seconds=silence_seconds, padding_seconds=padding_seconds)
    chunks = chunks_of(likely, len(likely) * WINDOW_SAMPLES, options)
    pieces = [piece for chunk in chunks for piece in chunk.pieces]
    assert all(0 < chunk.samples <= LONGEST for chunk in chunks)
    assert all(before.end <= after.start for before, after in pairwise(pieces))


def test_a_chunk_ends_in_the_longest_late_pause() -> None:
    """Of several pauses the one is taken that is long enough and leaves the fewest chunks."""
    speech = probabilities((16, 0.9), (0.3, 0.1), (5, 0.9), (0.8, 0.1), (6, 0.9), (0.15, 0.1), (10, 0.9))
    first, second = chunked(speech)
    assert first.end / SAMPLE_RATE_HZ == pytest.approx(16 + 0.3 + 5 + 0.4, abs=0.1)
    assert first.end == second.start


def test_speech_without_a_pause_is_cut_where_it_is_least_likely() -> None:
    """Someone who never stops is heard whole all the same."""
    chunks = chunked(probabilities((20, 0.9), (0.1, 0.6), (40, 0.9)))
    assert chunks[0].end / SAMPLE_RATE_HZ == pytest.approx(20, abs=0.2)
    assert sum(chunk.samples for chunk in chunks) == pytest.approx(60.1 * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ)


def test_long_silences_are_left_out_and_counted() -> None:
    """Two sentences a minute apart share a chunk, and the second is a minute later."""
    (chunk,) = chunked(probabilities((3, 0.9), (60, 0.05), (3, 0.9), (30, 0.05)))
    assert chunk.samples / SAMPLE_RATE_HZ == pytest.approx(3 + 0.8 + 3 + 0.4, abs=0.2)
    assert chunk.sample_at(1.0) / SAMPLE_RATE_HZ == pytest.approx(1.0)
    assert chunk.sample_at(4.0) / SAMPLE_RATE_HZ == pytest.approx(63.2, abs=0.1)


def test_silence_and_clicks_have_no_chunks() -> None:
    """Nothing is heard where nobody speaks."""
    assert chunked(probabilities((600, 0.1))) == []
    assert chunked(probabilities((5, 0.1), (0.07, 0.9), (5, 0.1))) == []
    assert chunks_of(np.empty(0, np.float32), 0) == []


CHUNK = Chunk(
    pieces=(SampleRange(1000, 3000), SampleRange(9000, 10_000)),
    speech=(SampleRange(1500, 2500), SampleRange(9200, 9900)),
)


def test_places_within_a_chunk() -> None:
    """Where two pieces meet, what ends there is in the first and what starts there in the second."""
    seconds = 2000 / SAMPLE_RATE_HZ
    assert CHUNK.sample_at(0) == 1000
    assert CHUNK.sample_at(seconds, is_end=True) == 3000
    assert CHUNK.sample_at(seconds) == 9000
    assert CHUNK.sample_at(99) == CHUNK.end == 10_000
    assert [CHUNK.offset_of(place) for place in (1000, 3000, 5000, 9000, 9500, 10_000)] == [
        0,
        2000,
        2000,
        2000,
        2500,
        3000,
    ]


def test_what_is_left_of_a_chunk() -> None:
    """The rest keeps its places in the recording."""
    assert CHUNK.between(9500, 10_000) == Chunk(pieces=(SampleRange(9500, 10_000),), speech=(SampleRange(9500, 9900),))
    assert CHUNK.speech_between(2000, 9300) == 500 + 100


def test_a_word_sounds_where_the_voice_is() -> None:
    """Silence that an alignment gave to a word is taken from it, and no word lasts over what was left out."""
    chunk = Chunk(pieces=(span(1, 3), span(9, 12)), speech=(span(1.5, 2.5), span(9.5, 11.9)))
    margin = 2 * WINDOW_SAMPLES
    assert chunk.clipped_to_speech(*span(1.8, 9.6)) == SampleRange(span(1.8, 9).start, span(1, 2.5).end + margin)
    assert chunk.clipped_to_speech(*span(2.4, 11.0)) == SampleRange(span(9.5, 9).start - margin, span(9, 11).end)
    assert chunk.clipped_to_speech(*span(2.8, 9.3)) == span(9, 9.3)
    assert chunk.clipped_to_speech(*span(2.8, 2.9)) == span(2.8, 2.9)


def test_the_detector_goes_on_where_it_was() -> None:
    """A recording heard block by block is heard as in one piece."""
    noise = np.random.default_rng(3).standard_normal(WINDOW_SAMPLES * 100).astype(np.float32) * 0.1
    whole = SpeechDetector().probabilities(noise)
    detector = SpeechDetector()
    parts = [detector.probabilities(noise[: WINDOW_SAMPLES * 37]), detector.probabilities(noise[WINDOW_SAMPLES * 37 :])]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


@given(runs)
def test_halves_lose_nothing(runs: list[tuple[int, float]]) -> None:
    """The two parts of a chunk have all of its sound, in order, and are cut in a pause."""
    likely = np.concatenate([np.empty(0, np.float32), *(np.full(count, value, np.float32) for count, value in runs)])
    for chunk in chunked(likely):
        halves = chunk.halves()
        assert len(halves) == (2 if len(chunk.speech) > 1 else 1)
        assert sum(half.samples for half in halves) == chunk.samples
        assert (halves[0].start, halves[-1].end) == (chunk.start, chunk.end)
        assert [speech for half in halves for speech in half.speech] == list(chunk.speech)


def test_a_chunk_is_halved_in_a_pause_near_its_middle() -> None:
    """A long pause is a better place than the middle of the time, an early one is not."""
    (chunk,) = chunked(probabilities((1, 0.9), (0.6, 0.02), (5, 0.9), (0.2, 0.02), (1, 0.9), (0.6, 0.02), (6, 0.9)))
    first, second = chunk.halves()
    assert first.end == second.start == pytest.approx(8.1 * SAMPLE_RATE_HZ, abs=WINDOW_SAMPLES)
