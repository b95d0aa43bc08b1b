"""Faster and slower, at the same pitch."""

from __future__ import annotations

import numpy as np
import pytest

from sayso.audio import stretch
from sayso.types import Audio
from support.audio.sounds import pings

RATE_HZ = 24_000


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 2.0])
def test_the_length_is_exact_and_the_pitch_stays(factor: float) -> None:
    """A tone is as much shorter as the factor says, to the sample, and is the same tone."""
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(2 * RATE_HZ) / RATE_HZ)
    made = stretch(Audio(samples=tone.astype(np.float32), sample_rate_hz=RATE_HZ), factor).samples
    assert made.size == round(2 * RATE_HZ / factor)
    assert np.abs(np.fft.rfft(made)).argmax() * RATE_HZ / made.size == pytest.approx(300, abs=2)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_what_sounds_at_a_place_sounds_at_its_share_of_it(factor: float) -> None:
    """A sudden sound is where the times of its word are moved to, within what subtitles can show."""
    place = RATE_HZ
    made = stretch(Audio(samples=pings((place,), length=2 * RATE_HZ), sample_rate_hz=RATE_HZ), factor).samples
    heard = int(np.argmax(np.abs(made) > 0.2))
    assert heard == pytest.approx(place / factor, abs=0.05 * RATE_HZ)


def test_nothing_stays_nothing() -> None:
    """Audio without samples has none afterwards."""
    assert stretch(Audio(samples=np.empty(0, np.float32), sample_rate_hz=RATE_HZ), 2.0).samples.size == 0
