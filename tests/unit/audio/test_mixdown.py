"""Channels become one, also where they cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from sayso.audio.mixdown import Mixdown

if TYPE_CHECKING:
    from sayso.types import FloatArray

RATE_HZ = 16_000


def mixed(*channels: FloatArray, layout: str = "stereo", frame_samples: int = 1024) -> FloatArray:
    """The channels, decoded in frames and mixed."""
    mixdown = Mixdown()
    sound = np.stack(channels).astype(np.float32)
    out = []
    for start in range(0, sound.shape[1], frame_samples):
        part = np.ascontiguousarray(sound[:, start : start + frame_samples])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate = RATE_HZ
        out += list(mixdown.mono(frame))
    return np.concatenate(out)


def tone(seconds: float = 1.0, *, hertz: float = 220, level: float = 0.3) -> FloatArray:
    clock = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * hertz * clock)).astype(np.float32)


def power(samples: FloatArray) -> float:
    return float(np.mean(np.square(samples)))


def test_the_same_sound_in_both_channels_keeps_its_level() -> None:
    """Two channels of the same sound are no louder than one."""
    np.testing.assert_allclose(mixed(tone(), tone()), tone(), atol=1e-6)


def test_one_channel_alone_and_unrelated_ones_are_summed() -> None:
    """A voice in one channel has half its level, beside silence and beside another voice."""
    np.testing.assert_allclose(mixed(tone(), 0 * tone()), tone() / 2, atol=1e-6)
    both = tone(), tone(hertz=333)
    np.testing.assert_allclose(mixed(*both), (both[0] + both[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("inverted", [1.0, 0.9, 0.6, 1.4])
def test_opposite_channels_do_not_cancel(inverted: float) -> None:
    """The louder of two channels of opposite phase is taken."""
    louder = max(1.0, inverted)
    np.testing.assert_allclose(np.abs(mixed(tone(), -inverted * tone())), np.abs(louder * tone()), atol=1e-6)


def test_channels_that_begin_to_cancel_lose_a_moment_at_most() -> None:
    """Whether channels cancel is decided anew all along the file, and the change makes no click."""
    left = tone(3)
    right = left.copy()
    right[RATE_HZ : 2 * RATE_HZ] *= -1
    made = mixed(left, right)
    windows = power(made.reshape(-1, RATE_HZ // 10)[0])
    quiet = [power(window) < windows / 4 for window in made.reshape(-1, RATE_HZ // 10)]
    assert sum(quiet) <= 3
    assert np.abs(np.diff(made)).max() < 0.1


def test_noise_beside_an_opposite_voice_stays_little() -> None:
    """Noise that differs in the channels does not hide that the voice cancels."""
    noise = np.random.default_rng(3).normal(0, 0.02, (2, 2 * RATE_HZ)).astype(np.float32)
    voice = tone(2)
    assert power(mixed(voice + noise[0], -voice + noise[1])) > 0.9 * power(voice)


def test_a_voice_in_the_centre_of_six_channels_is_mixed_as_before() -> None:
    """Layouts with more channels have libav's weights; low-frequency effects have none."""
    silent = 0 * tone()
    centre = mixed(silent, silent, tone(), 100 * silent, silent, silent, layout="5.1")
    np.testing.assert_allclose(centre, tone() * 0.29289323, atol=1e-6)


def test_silence_and_values_that_are_no_numbers() -> None:
    """Silence stays silence, and what is no number is silence."""
    silent = np.zeros(5000, np.float32)
    assert not mixed(silent, silent).any()
    broken = np.full(5000, np.nan, np.float32)
    np.testing.assert_allclose(mixed(broken, tone(0.3125)), tone(0.3125) / 2, atol=1e-6)
