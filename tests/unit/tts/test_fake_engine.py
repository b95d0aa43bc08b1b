"""The fake engine's own controls; what it shares with real engines is in the contract suite."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sayso.errors import EngineFailed, UtteranceTooLong
from sayso.testing import FakeG2P, FakeSpeechEngine
from sayso.types import Voice
from support.text.utterances import utterance


def test_words_are_tones_exactly_where_the_times_say() -> None:
    """There is sound in every word and nothing but silence outside them."""
    speech = FakeSpeechEngine().synthesise(utterance("One two, three."), voice="fake_en", speed=1.0)
    assert speech.times is not None
    spoken = np.zeros(speech.audio.samples.size, bool)
    for time in speech.times:
        spoken[time.start_sample : time.end_sample] = True
        assert speech.audio.samples[time.start_sample] != 0

    assert not speech.audio.samples[~spoken].any()
    assert [time.end_sample - time.start_sample for time in speech.times] == [4320, 4320, 7200]


def test_it_fails_when_it_was_told_to() -> None:
    """The second call breaks, the others do not, and all are counted."""
    engine = FakeSpeechEngine(failing_calls={2})
    engine.synthesise(utterance("One."), voice="fake_en", speed=1.0)
    with pytest.raises(EngineFailed):
        engine.synthesise(utterance("Two."), voice="fake_en", speed=1.0)
    engine.synthesise(utterance("Three."), voice="fake_en", speed=1.0)

    assert engine.calls == 3


def test_calls_from_many_threads_are_all_counted() -> None:
    """No count is lost."""
    engine = FakeSpeechEngine()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: engine.synthesise(utterance("Hm."), voice="fake_en", speed=1.0), range(200)))

    assert engine.calls == 200


def test_the_limit_is_the_one_that_was_set() -> None:
    """Ten letters pass, eleven do not."""
    engine = FakeSpeechEngine(maximum_letters=10)
    engine.synthesise(utterance("hello world"), voice="fake_en", speed=1.0)

    with pytest.raises(UtteranceTooLong):
        engine.synthesise(utterance("hello worlds"), voice="fake_en", speed=1.0)


def test_rate_voices_and_times_are_as_they_were_set() -> None:
    """It can be any engine: another rate, another voice, one that gives no times."""
    voice = Voice(name="deep", language="en-gb", engine="fake")
    engine = FakeSpeechEngine(voices=[voice], sample_rate_hz=22_050, timed=False, workers=5)
    speech = engine.synthesise(utterance("Hello."), voice="deep", speed=1.0)

    assert engine.voices() == [voice]
    assert engine.workers == 5
    assert speech.times is None
    assert speech.audio.sample_rate_hz == 22_050


def test_voices_and_words_sound_different() -> None:
    """Mixed-up voices or words can be heard."""
    engine = FakeSpeechEngine()
    sounds = {
        engine.synthesise(utterance(text), voice=voice, speed=1.0).audio.samples.tobytes()
        for text in ("cat", "dog")
        for voice in ("fake_en", "fake_fr")
    }

    assert len(sounds) == 4


def test_fake_phonemes_are_letters() -> None:
    """Latin letters are spoken, the rest is silent."""
    assert FakeG2P().pronounce(["Héllo", "世界", "R2D2"], "en-us") == ["hllo", "", "rd"]
