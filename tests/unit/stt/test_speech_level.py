"""Quiet recordings are raised, rumble is taken away from the voice detector, and silence stays silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.stt import SAMPLE_RATE_HZ, open_recording
from sayso.stt.speech_level import without_rumble
from sayso.stt.vad import prepared
from sayso.types import Audio

if TYPE_CHECKING:
    from sayso.types import FloatArray


def syllables(seconds: float, *, level_db: float) -> FloatArray:
    """A tone in bursts of 0.2 s, at a level relative to full scale, as a 16-bit file has it."""
    clock = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = np.sin(2 * np.pi * 300 * clock) * (np.sin(2 * np.pi * 2.5 * clock) > 0)
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    rounded: FloatArray = (np.rint(sound * 32767) / 32767).astype(np.float32)
    return rounded


def audio(samples: FloatArray) -> Audio:
    return Audio(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)


def level_db(samples: FloatArray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("recorded_db", [-50.0, -71.0, -80.0])
def test_very_quiet_speech_is_raised(recorded_db: float) -> None:
    """It is no silence, and every engine gets it at the level of ordinary speech."""
    with open_recording(audio(syllables(130, level_db=recorded_db))) as recording:
        heard = np.concatenate(list(recording.blocks(50 * SAMPLE_RATE_HZ, 130 * SAMPLE_RATE_HZ)))
        assert not recording.is_silent
        assert recording.gain > 1
    assert level_db(heard) == pytest.approx(-22, abs=2)


def test_ordinary_speech_is_left_alone() -> None:
    """Its samples are those that came."""
    samples = syllables(70, level_db=-25)
    with open_recording(audio(samples)) as recording:
        assert recording.gain == 1
        kept = np.concatenate(list(recording.blocks(0, len(samples))))
    np.testing.assert_allclose(kept, samples, rtol=0, atol=1e-4)


def test_quiet_minutes_keep_all_their_bits() -> None:
    """A whisper of 24 bits in a loud recording is not rounded to 16."""
    quiet = (np.random.default_rng(2).uniform(-1e-4, 1e-4, 60 * SAMPLE_RATE_HZ)).astype(np.float32)
    loud = syllables(60, level_db=-20)
    with open_recording(audio(np.concatenate([quiet, loud]))) as recording:
        kept = np.concatenate(list(recording.blocks(0, 60 * SAMPLE_RATE_HZ)))
    assert level_db(kept - quiet) < level_db(quiet) - 60


@pytest.mark.parametrize("level", [1e-5, 1e-4, 5e-4])
def test_even_noise_is_not_raised(level: float) -> None:
    """The noise of a quiet room has no pauses."""
    noise = np.random.default_rng(4).standard_normal(5 * SAMPLE_RATE_HZ).astype(np.float32) * level
    with open_recording(audio(noise)) as recording:
        assert recording.gain == 1
        assert recording.detector_gain == 1


def test_the_detector_does_not_get_rumble() -> None:
    """20 Hz and a direct current are taken away; a voice keeps its level, and gets the detector's."""
    clock = np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    rumble = (0.3 * np.sin(2 * np.pi * 10 * clock) + 0.1).astype(np.float32)
    voice = syllables(5, level_db=-40)
    assert level_db(without_rumble(rumble)) < level_db(rumble) - 40
    assert level_db(without_rumble(voice)) == pytest.approx(-40, abs=0.5)
    with open_recording(audio(rumble + voice)) as recording:
        (block,) = recording.blocks(0, recording.duration_samples)
        assert level_db(prepared(recording, block)) == pytest.approx(-23, abs=2)


def test_a_loud_rumble_does_not_clip() -> None:
    """A recording whose voice is quieter than its rumble is raised only as far as the rumble allows."""
    clock = np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    rumble = (0.05 * np.sin(2 * np.pi * 10 * clock)).astype(np.float32)
    with open_recording(audio(rumble + syllables(5, level_db=-60))) as recording:
        (block,) = recording.blocks(0, recording.duration_samples)
        assert 1 < recording.gain < 20
        assert np.abs(block).max() < 1
