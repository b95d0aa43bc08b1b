"""At a pause, the edges of words are where the sound ends and begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.alignment.edges import set_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.types import FloatArray

RATE = 16_000


def recording(noise: float) -> FloatArray:
    """Two bursts of a voice-like sound, from 0.5 to 1 s and from 1.6 to 2.2 s."""
    chance = np.random.default_rng(17)
    samples = chance.normal(0, noise, int(2.6 * RATE))
    for start, end in ((0.5, 1.0), (1.6, 2.2)):
        first, last = int(start * RATE), int(end * RATE)
        samples[first:last] += chance.normal(0, 0.1, last - first)
    return samples.astype(np.float32)


def edges(samples: FloatArray, starts: list[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return set_edges(
        samples,
        np.array(starts),
        first_heard=np.array([0.6, 1.7]),
        last_heard=np.array([0.9, 2.1]),
        known_ends=np.full(2, np.nan),
        agreement_seconds=0.12,
    )


def test_words_begin_and_end_with_the_sound() -> None:
    """The model's estimate is 60 ms off; the sound is not."""
    starts, ends = edges(recording(1e-5), [0.56, 1.54])
    assert starts == pytest.approx([0.5, 1.6], abs=0.011)
    assert ends == pytest.approx([1.0, 2.2], abs=0.011)


def test_noise_does_not_move_starts() -> None:
    """At 20 dB soft consonants are hidden, so the estimate stays; ends are looked up still."""
    starts, ends = edges(recording(1e-2), [0.56, 1.54])
    assert starts == pytest.approx([0.56, 1.54])
    assert ends == pytest.approx([1.0, 2.2], abs=0.02)


def test_without_a_pause_a_word_ends_with_the_next_start() -> None:
    """Words of one breath touch."""
    samples = np.random.default_rng(1).normal(0, 0.1, 2 * RATE).astype(np.float32)
    starts, ends = set_edges(
        samples,
        np.array([0.1, 0.5, 0.9]),
        first_heard=np.array([0.12, 0.55, 0.95]),
        last_heard=np.array([0.5, 0.9, 1.4]),
        known_ends=np.full(3, np.nan),
        agreement_seconds=0.12,
    )
    assert ends[:2] == pytest.approx(starts[1:])


def test_words_are_in_order_whatever_the_estimates_are() -> None:
    """Each lasts a little, and none overlaps the next."""
    samples = np.zeros(RATE, np.float32)
    starts, ends = set_edges(
        samples,
        np.array([0.5, 0.4, 0.4]),
        first_heard=np.array([0.5, 0.51, 0.52]),
        last_heard=np.array([0.5, 0.51, 0.52]),
        known_ends=np.full(3, np.nan),
        agreement_seconds=0.12,
    )
    assert (np.diff(starts) >= 0).all()
    assert (ends > starts).all()
