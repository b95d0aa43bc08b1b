"""Loudness agrees with the standard, and one gain brings a document to its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.audio import Loudness, LoudnessMeter, gain_for, segment_loudness

if TYPE_CHECKING:
    from sayso.types import FloatArray


def noise_with_pauses(seconds: float, *, sample_rate_hz: int = 24_000, level: float = 0.1) -> FloatArray:
    """Bursts of pink noise between silences, as speech is shaped."""
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(round(seconds * sample_rate_hz)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    samples = np.fft.irfft(spectrum, round(seconds * sample_rate_hz))
    samples /= samples.std()
    clock = np.arange(len(samples)) / sample_rate_hz
    return (level * samples * (np.sin(2 * np.pi * 0.7 * clock) > -0.3)).astype(np.float32)


def measured(samples: FloatArray, *, sample_rate_hz: int = 24_000, block: int = 5_000) -> Loudness:
    meter = LoudnessMeter(sample_rate_hz)
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.finish()


@pytest.mark.parametrize("sample_rate_hz", [16_000, 22_050, 24_000, 48_000])
def test_the_meter_agrees_with_pyloudnorm(sample_rate_hz: int) -> None:
    """Integrated loudness is within 0.1 LU of another implementation at every engine's rate."""
    samples = noise_with_pauses(20, sample_rate_hz=sample_rate_hz)

    theirs = pyloudnorm.Meter(sample_rate_hz).integrated_loudness(samples.astype(np.float64))

    assert measured(samples, sample_rate_hz=sample_rate_hz).integrated_lufs == pytest.approx(theirs, abs=0.1)


def test_the_standards_own_calibration() -> None:
    """A full-scale sine of 997 Hz in one channel is −3.01 LUFS, as BS.1770 defines."""
    clock = np.arange(24_000 * 5) / 24_000
    found = measured(np.sin(2 * np.pi * 997 * clock).astype(np.float32))
    assert found.integrated_lufs == pytest.approx(-3.01, abs=0.05)


def test_the_true_peak_lies_between_samples() -> None:
    """A peak that falls between two samples is seen: a quarter-rate sine at 45° peaks 3 dB above its samples."""
    clock = np.arange(24_000)
    swelling = np.sin(np.pi * clock / len(clock))
    samples = (0.5 * swelling * np.sin(np.pi / 2 * clock + np.pi / 4)).astype(np.float32)
    assert measured(samples).true_peak_db == pytest.approx(20 * np.log10(0.5), abs=0.3)
    assert 20 * np.log10(np.abs(samples).max()) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.01)


@pytest.mark.parametrize("place", [0, 11_000, 23_990])
def test_no_peak_is_missed(place: int) -> None:
    """A click at the very start or end counts like any other."""
    samples = noise_with_pauses(1, level=0.001)
    samples[place] = 0.9
    assert measured(samples).true_peak_db >= 20 * np.log10(0.85)


def test_a_peak_between_the_last_samples_is_seen() -> None:
    """Sound that breaks off peaks as high as the same sound with silence after it."""
    broken_off = (0.5 * np.sin(np.pi / 2 * np.arange(24_001) + np.pi / 4)).astype(np.float32)
    followed = np.concatenate([broken_off, np.zeros(24_000, np.float32)])
    assert measured(broken_off).true_peak_db == pytest.approx(measured(followed).true_peak_db, abs=1e-6)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(48_000), np.full(100, 0.5)])
def test_silence_has_no_loudness(samples: FloatArray) -> None:
    """Silence, nothing, and what is shorter than the standard's block have no loudness, and no gain is applied."""
    found = measured(samples.astype(np.float32))
    assert found.integrated_lufs is None
    assert gain_for(found, target_lufs=-16) == 1.0


def test_the_gain_reaches_the_target() -> None:
    """After the gain the document measures as loud as it was asked to be."""
    samples = noise_with_pauses(10, level=0.02)
    gain = gain_for(measured(samples), target_lufs=-16, true_peak_limit_db=20)
    assert measured(samples * np.float32(gain)).integrated_lufs == pytest.approx(-16, abs=0.1)


@given(
    st.floats(-60, 0),
    st.floats(-60, 6),
    st.floats(-40, -5),
)
def test_the_gain_never_exceeds_either_limit(integrated: float, peak: float, target: float) -> None:
    """Whatever was measured, neither the target nor the true-peak limit is passed, and one of them is met."""
    gain = gain_for(Loudness(integrated_lufs=integrated, true_peak_db=peak), target_lufs=target)
    gain_db = 20 * np.log10(gain)
    room = (target - (integrated + gain_db), -1.0 - (peak + gain_db))
    assert min(room) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("sample_rate_hz", [22_050, 24_000])
def test_an_utterance_measures_as_the_standard_does(sample_rate_hz: int) -> None:
    """On steady sound the short measure agrees with the standard's."""
    samples = np.random.default_rng(3).standard_normal(sample_rate_hz * 5).astype(np.float32) * 0.05
    theirs = pyloudnorm.Meter(sample_rate_hz).integrated_loudness(samples.astype(np.float64))
    assert segment_loudness(samples, sample_rate_hz) == pytest.approx(theirs, abs=0.2)


def test_silence_around_a_word_does_not_change_its_loudness() -> None:
    """One short word in a long silence is as loud as the word alone."""
    word = np.random.default_rng(3).standard_normal(24_000 * 3 // 10).astype(np.float32) * 0.05
    framed = np.concatenate([np.zeros(24_000, np.float32), word, np.zeros(36_000, np.float32)])
    alone = segment_loudness(word, 24_000)
    assert alone is not None
    assert segment_loudness(framed, 24_000) == pytest.approx(alone, abs=0.3)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(48_000)])
def test_a_silent_utterance_has_no_loudness(samples: FloatArray) -> None:
    """Silence of any length, none included, has no loudness."""
    assert segment_loudness(samples.astype(np.float32), 24_000) is None


@given(st.floats(0.25, 4.0))
def test_twice_as_loud_is_six_decibels(factor: float) -> None:
    """The measure follows a gain exactly, so a gain computed from it does what it says."""
    samples = noise_with_pauses(1)
    before, after = segment_loudness(samples, 24_000), segment_loudness(samples * np.float32(factor), 24_000)
    assert before is not None
    assert after == pytest.approx(before + 20 * np.log10(factor), abs=0.01)
