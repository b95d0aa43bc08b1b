"""Word times within a phrase, against the sound of real engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from support.text.utterances import utterance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.tts.base import SpeechEngine
    from sayso.types import Audio

pytestmark = pytest.mark.engine

SIBILANTS = utterance("We saw a sad sailor see a silent city so you said he sang a simple song.")
AFTER_SONOROUS_SOUNDS = {"saw", "sad", "see", "silent", "so", "said", "sang", "simple", "song"}
"""Words that begin with s behind a vowel, an l or an r, where the hiss shows when they begin."""

HOP_SECONDS = 0.002


def hiss_db(audio: Audio) -> NDArray[np.float64]:
    """The level above 4 kHz, every 2 ms."""
    rate = audio.sample_rate_hz
    length = rate // 100
    begins = np.arange(0.0, audio.samples.size - length, HOP_SECONDS * rate).astype(np.int64)
    power = np.abs(np.fft.rfft(audio.samples[begins[:, None] + np.arange(length)] * np.hanning(length), 512)) ** 2
    return np.asarray(10 * np.log10(power[:, np.fft.rfftfreq(512, 1 / rate) >= 4000].sum(axis=1) + 1e-9))


def hiss_begins(levels: NDArray[np.float64], near_seconds: float) -> float:
    """When the hiss near a time rises through the middle, in dB, between the quiet before it and its peak."""
    near = round(near_seconds / HOP_SECONDS)
    peak = near - 50 + int(levels[near - 50 : near + 60].argmax())
    low = peak - 75 + int(levels[peak - 75 : peak + 1].argmin())
    quiet = levels[low : peak + 1] <= (levels[low] + levels[peak]) / 2
    return float((low + np.flatnonzero(quiet)[-1]) * HOP_SECONDS + 0.005)


@pytest.mark.parametrize(("name", "voice"), [("kokoro", "af_nova"), ("piper", "en_US-joe-medium")])
def test_a_word_within_a_phrase_begins_when_it_is_heard(name: str, voice: str, request: pytest.FixtureRequest) -> None:
    """Words that begin with s are timed at the begin of their hiss: within 25 ms in the median."""
    engine: SpeechEngine = request.getfixturevalue(f"{name}_engine")
    speech = engine.synthesise(SIBILANTS, voice=voice, speed=1.0)
    levels = hiss_db(speech.audio)

    assert speech.times is not None
    starts = [
        time.start_sample / speech.audio.sample_rate_hz
        for token, time in zip(SIBILANTS.tokens, speech.times, strict=True)
        if token.spoken in AFTER_SONOROUS_SOUNDS
    ]
    late = [start - hiss_begins(levels, start) for start in starts]
    assert abs(np.median(late)) <= 0.025
