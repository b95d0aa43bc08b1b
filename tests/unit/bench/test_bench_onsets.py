"""The judge of word times judges rightly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.onsets import SHORTEST_PAUSE_SECONDS, Pause, find_pauses
from sayso.types import Audio

RATE = 24_000
TOLERANCE_SECONDS = 0.006


def audio(*parts: tuple[float, float], noise: float = 1e-4, drift: float = 0.0) -> Audio:
    """Stretches of white noise, each so many seconds long and so loud, over faint noise and a slow drift."""
    chance = np.random.default_rng(7)
    levels = np.concatenate([np.full(round(seconds * RATE), level) for seconds, level in parts])
    samples = levels * chance.standard_normal(levels.size) + noise * chance.standard_normal(levels.size)
    samples += drift * np.cos(2 * np.pi * 3 * np.arange(levels.size) / RATE)
    return Audio(samples=samples.astype(np.float32), sample_rate_hz=RATE)


def only_pause(sound: Audio) -> Pause:
    (pause,) = find_pauses(sound)
    return pause


@given(st.floats(0.07, 0.6), st.floats(0.0, 0.03))
def test_a_pause_is_found_where_it_is(length_seconds: float, drift: float) -> None:
    """Between two sounds, the edges of a silence are found to 6 ms, whatever drifts below hearing."""
    pause = only_pause(audio((0.5, 0.2), (length_seconds, 0), (0.5, 0.2), drift=drift))
    assert pause.begin_seconds == pytest.approx(0.5, abs=TOLERANCE_SECONDS)
    assert pause.end_seconds == pytest.approx(0.5 + length_seconds, abs=TOLERANCE_SECONDS)


def test_a_soft_consonant_belongs_to_the_word() -> None:
    """A sound 32 dB below the vowel after it is where the word begins."""
    pause = only_pause(audio((0.5, 0.2), (0.3, 0), (0.08, 0.005), (0.5, 0.2)))
    assert pause.end_seconds == pytest.approx(0.8, abs=TOLERANCE_SECONDS)


def test_a_breath_belongs_to_the_pause() -> None:
    """A breath between two silences moves neither edge."""
    pause = only_pause(audio((0.5, 0.2), (0.1, 0), (0.25, 0.002), (0.1, 0), (0.5, 0.2)))
    assert pause.begin_seconds == pytest.approx(0.5, abs=TOLERANCE_SECONDS)
    assert pause.end_seconds == pytest.approx(0.95, abs=TOLERANCE_SECONDS)


def test_a_click_does_not_end_a_pause() -> None:
    """A click of 3 ms in a silence leaves one pause."""
    pause = only_pause(audio((0.5, 0.2), (0.15, 0), (0.003, 0.1), (0.15, 0), (0.5, 0.2)))
    assert pause.length_seconds == pytest.approx(0.303, abs=2 * TOLERANCE_SECONDS)


def test_a_stop_s_closure_is_no_pause() -> None:
    """A silence of less than 60 ms is part of a word."""
    assert find_pauses(audio((0.5, 0.2), (SHORTEST_PAUSE_SECONDS - 0.01, 0), (0.5, 0.2))) == []


def test_the_ends_of_the_audio_count() -> None:
    """Silence before the first sound begins at 0, silence after the last one ends with the audio."""
    first, last = find_pauses(audio((0.2, 0), (0.5, 0.2), (0.3, 0), noise=0))
    assert (first.begin_seconds, last.end_seconds) == (0.0, 1.0)
    assert first.end_seconds == pytest.approx(0.2, abs=TOLERANCE_SECONDS)
    assert last.begin_seconds == pytest.approx(0.7, abs=TOLERANCE_SECONDS)


@given(st.lists(st.tuples(st.floats(0.08, 0.3), st.sampled_from([0.0, 0.2])), min_size=1, max_size=8))
def test_backwards_is_the_same(parts: list[tuple[float, float]]) -> None:
    """Played backwards, audio has the same pauses in the opposite order.

    Of loud sounds, that is: what is soft for longer than the detector looks back for noise is noise to it.
    """
    sound = audio(*parts, (0.1, 0.2))
    backwards = Audio(samples=sound.samples[::-1].copy(), sample_rate_hz=RATE)
    length = sound.duration_seconds
    there = [(pause.begin_seconds, pause.end_seconds) for pause in find_pauses(sound)]
    back = [(length - pause.end_seconds, length - pause.begin_seconds) for pause in find_pauses(backwards)][::-1]
    assert len(there) == len(back)
    np.testing.assert_allclose(np.array(there), np.array(back), atol=TOLERANCE_SECONDS)


def test_nothing_has_no_pause() -> None:
    """Audio too short for one frame has no pauses."""
    assert find_pauses(Audio(samples=np.zeros(3, np.float32), sample_rate_hz=RATE)) == []
