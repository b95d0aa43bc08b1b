"""Pieces of one utterance join to what its synthesis as a whole gives."""

from __future__ import annotations

import numpy as np
import pytest

from sayso.errors import EngineFailed
from sayso.tts.joins import shape
from sayso.tts.pieces import PieceJoiner
from sayso.types import Audio, Speech, TokenTime

RATE = 24_000
OVERLAP = 480


def tone(seconds: float, *, phase: float = 0.0) -> np.ndarray:
    """With some silence at either end."""
    clock = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.1 * np.sin(2 * np.pi * 190 * clock + phase), np.float32)


def speech(samples: np.ndarray, *times: tuple[float, float]) -> Speech:
    return Speech(
        audio=Audio(samples=samples, sample_rate_hz=RATE),
        times=tuple(TokenTime(start_sample=round(a * RATE), end_sample=round(b * RATE)) for a, b in times),
    )


def parts(phase: float = 0.0) -> tuple[Speech, Speech, Speech]:
    """A tone of two seconds in silence, whole and divided at its middle, the second piece in another phase."""
    quiet = np.zeros(RATE // 2, np.float32)
    whole = np.concatenate([quiet, tone(2.0), quiet])
    middle, half = round(1.5 * RATE), OVERLAP // 2
    again = np.concatenate([quiet, tone(2.0, phase=phase), quiet])
    first = speech(whole[: middle + half], (0.5, 1.0), (1.0, 1.5))
    start = (middle - half) / RATE
    second = speech(again[middle - half :], (1.5 - start, 2.0 - start), (2.0 - start, 2.5 - start))
    return speech(whole, (0.5, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 2.5)), first, second


def joined(first: Speech, second: Speech) -> tuple[Speech, Speech, Speech]:
    joiner = PieceJoiner(OVERLAP)
    one, other = joiner.add(first, is_last=False), joiner.add(second, is_last=True)
    return one, other, joiner.whole(RATE)


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.0, 3.0, -1.5])
def test_a_join_is_not_heard(phase: float) -> None:
    """The wave goes on over the cut, whatever the phase of the next piece: no step, no dip, no change of level."""
    whole, first, second = parts(phase)
    result = joined(first, second)[2].audio.samples
    expected = shape(whole).audio.samples
    assert abs(result.size - expected.size) <= OVERLAP // 2
    inner = result[RATE // 4 : -RATE // 4]
    level = np.sqrt(np.convolve(inner**2, np.ones(480) / 480, mode="valid"))
    assert level.max() / level.min() < 1.12
    assert np.abs(np.diff(inner)).max() < 1.15 * np.abs(np.diff(expected)).max()


def test_times_are_those_of_the_samples() -> None:
    """Of each piece, within it; of the whole, where the words are."""
    whole, first, second = parts()
    one, other, result = joined(first, second)
    expected = shape(whole).times
    assert result.times is not None
    assert expected is not None
    assert one.times is not None
    assert [time.end_sample <= one.audio.samples.size for time in one.times] == [True, True]
    assert other.times is not None
    assert other.times[-1].end_sample <= other.audio.samples.size
    assert one.audio.samples.size + other.audio.samples.size == result.audio.samples.size
    for time, right in zip(result.times, expected, strict=True):
        assert time.start_sample == pytest.approx(right.start_sample, abs=OVERLAP)
        assert time.end_sample == pytest.approx(right.end_sample, abs=OVERLAP)


@pytest.mark.parametrize("size", [0, 1, 5, 300])
def test_a_piece_that_is_shorter_than_its_overlap_breaks_nothing(size: int) -> None:
    """The plan may end within a few samples of a cut."""
    _, first, _ = parts()
    one, other, result = joined(first, speech(tone(1.0)[:size], (0.0, size / RATE)))
    assert one.audio.samples.size + other.audio.samples.size == result.audio.samples.size


def test_samples_that_are_no_numbers_are_refused() -> None:
    """Encoders abort the process for them."""
    _, first, _ = parts()
    first.audio.samples[100] = np.nan
    with pytest.raises(EngineFailed):
        PieceJoiner(OVERLAP).add(first, is_last=True)
