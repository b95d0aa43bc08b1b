"""Utterances that fit beside one another."""

from __future__ import annotations

import numpy as np
import pytest

from sayso.audio import segment_loudness
from sayso.audio.loudness_targets import LEVEL_LUFS
from sayso.errors import EngineFailed
from sayso.tts.joins import LEAD_IN_SECONDS, LEAD_OUT_SECONDS, MAXIMUM_GAIN_DB, shape
from sayso.types import Audio, Speech, TokenTime

RATE = 24_000


def tone(amplitude: float, *, before: float = 0.5, length: float = 1.0, after: float = 0.8) -> Speech:
    """Silence, a 300 Hz tone that is one token, silence; lengths in seconds."""
    sound = amplitude * np.sin(2 * np.pi * 300 * np.arange(round(length * RATE)) / RATE)
    samples = np.concatenate([np.zeros(round(before * RATE)), sound, np.zeros(round(after * RATE))])
    start = round(before * RATE)
    times = (TokenTime(start_sample=start, end_sample=start + sound.size),)
    return Speech(audio=Audio(samples=samples.astype(np.float32), sample_rate_hz=RATE), times=times)


def test_silence_around_the_words_is_trimmed() -> None:
    """Only a short lead-in and lead-out of the engine's silence stay, and the times move with the sound."""
    shaped = shape(tone(0.1))
    assert shaped.times == (
        TokenTime(start_sample=round(LEAD_IN_SECONDS * RATE), end_sample=round((LEAD_IN_SECONDS + 1) * RATE)),
    )
    assert shaped.audio.duration_seconds == pytest.approx(1 + LEAD_IN_SECONDS + LEAD_OUT_SECONDS)


@pytest.mark.parametrize("amplitude", [0.05, 0.1, 0.3, 0.9])
def test_no_utterance_is_louder_than_the_next(amplitude: float) -> None:
    """Whatever level an engine speaks at, every utterance comes out at the same loudness."""
    loudness = segment_loudness(shape(tone(amplitude)).audio.samples, RATE)
    assert loudness == pytest.approx(LEVEL_LUFS, abs=0.3)


def test_a_breath_is_not_blown_up() -> None:
    """What is nearly silent is raised by no more than the largest gain."""
    whisper = tone(0.0005)
    raised = np.abs(shape(whisper).audio.samples).max() / np.abs(whisper.audio.samples).max()
    assert 20 * np.log10(raised) <= MAXIMUM_GAIN_DB + 0.01


@pytest.mark.parametrize("has_times", [True, False])
def test_joins_meet_at_zero(has_times: bool) -> None:
    """An utterance that begins and ends in the middle of a sound is faded in and out, so that no join clicks."""
    speech = tone(0.5, before=0.0, after=0.0)
    shaped = shape(speech if has_times else Speech(audio=speech.audio, times=None)).audio.samples
    assert shaped[0] == 0.0
    assert abs(shaped[-1]) < 1e-3
    assert np.abs(np.diff(shaped)).max() < 0.05


def test_without_times_nothing_is_cut() -> None:
    """An engine that gives no times keeps all of its sound."""
    speech = Speech(audio=tone(0.1).audio, times=None)
    assert shape(speech).audio.samples.size == speech.audio.samples.size


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_tiny_and_silent_audio_survives(size: int) -> None:
    """No samples, or a handful of silent ones, is shaped without an error."""
    speech = Speech(audio=Audio(samples=np.zeros(size, np.float32), sample_rate_hz=RATE), times=None)
    assert shape(speech).audio.samples.tolist() == [0.0] * size


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_reach_no_encoder(value: float) -> None:
    """An engine that breaks in this way fails: an encoder would take the process with it."""
    speech = tone(0.1)
    speech.audio.samples[30_000] = value
    with pytest.raises(EngineFailed, match="not finite"):
        shape(speech)
