"""What every speech engine promises, asked of the fake, of Kokoro, of Piper, and of OpenAI's over a socket."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.errors import InvalidInput, UnknownVoice, UnsupportedLanguage, UtteranceTooLong
from sayso.providers.openai.connection import OpenAIConnection
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from sayso.tts.engines.openai import OpenAISpeechEngine
from sayso.types import Boundary, Span, Token, Utterance
from support.text.utterances import utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.tts.base import SpeechEngine
    from sayso.types import Speech

STORY = utterance("“Stop,” said the keeper, and he meant it: the lamp was out. Nobody moved.")
SHORT = utterance("Good morning to you all.")


REAL = [pytest.param(name, marks=pytest.mark.engine) for name in ("kokoro", "piper")]
TIMED = pytest.mark.parametrize("engine", ["fake", *REAL], indirect=True)
"""For promises about times, of which OpenAI gives none."""

SPEEDS = {"openai": (0.25, 4.0)}
"""The slowest and the fastest, where they are not 0.5 and 2."""


@pytest.fixture(scope="module")
def openai_engine() -> Iterator[SpeechEngine]:
    """OpenAI's engine on a server of its protocol, where the fake speaks."""
    with (
        OpenAIServer(speech=FakeSpeechEngine()) as server,
        OpenAIConnection(server.key, base_url=server.base_url) as connection,
    ):
        yield OpenAISpeechEngine(connection)


@pytest.fixture(scope="module", params=["fake", "openai", *REAL])
def engine(request: pytest.FixtureRequest) -> SpeechEngine:
    """Each engine in turn."""
    if request.param == "fake":
        return FakeSpeechEngine()
    found: SpeechEngine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture(scope="module")
def voice(engine: SpeechEngine) -> str:
    """An American voice of the engine."""
    return next(voice.name for voice in engine.voices() if voice.language == "en-us")


@pytest.fixture(scope="module")
def story(engine: SpeechEngine, voice: str) -> Speech:
    """`STORY`, spoken."""
    return engine.synthesise(STORY, voice=voice, speed=1.0)


@pytest.fixture(scope="module")
def short(engine: SpeechEngine, voice: str) -> Speech:
    """`SHORT`, spoken."""
    return engine.synthesise(SHORT, voice=voice, speed=1.0)


def same(one: Speech, other: Speech) -> bool:
    """Whether two utterances sound exactly alike, at the same times."""
    return np.array_equal(one.audio.samples, other.audio.samples) and one.times == other.times


def assert_times_fit(speech: Speech, spoken: Utterance, engine: SpeechEngine) -> None:
    if engine.name == "openai":
        assert speech.times is None
        return
    assert speech.times is not None
    assert len(speech.times) == len(spoken.tokens)
    assert all(time.start_sample <= time.end_sample for time in speech.times)
    assert all(left.end_sample <= right.start_sample for left, right in itertools.pairwise(speech.times))
    assert speech.times[0].start_sample >= 0
    assert speech.times[-1].end_sample <= speech.audio.samples.size


def test_the_audio_is_as_it_is_described(engine: SpeechEngine, story: Speech) -> None:
    """Mono float32 within full scale, without a NaN, at the engine's rate, and not silent."""
    audio = story.audio

    assert audio.sample_rate_hz == engine.sample_rate_hz
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert np.isfinite(audio.samples).all()
    assert 0.01 < np.abs(audio.samples).max() <= 1.0
    assert 2 < audio.duration_seconds < 10


@TIMED
def test_every_token_has_a_time(engine: SpeechEngine, story: Speech) -> None:
    """One time per token, ordered, not overlapping, within the audio, and none of a spoken word is empty."""
    assert_times_fit(story, STORY, engine)
    assert story.times is not None
    assert all(time.end_sample > time.start_sample for time in story.times)


@TIMED
def test_words_sound_where_their_times_say(story: Speech) -> None:
    """The sound is in the words: between clauses, before the first and after the last it is quieter by far."""
    assert story.times is not None
    spoken = np.zeros(story.audio.samples.size, bool)
    for time in story.times:
        spoken[time.start_sample : time.end_sample] = True
    power = np.square(story.audio.samples)

    assert not spoken.all()
    assert power[spoken].mean() > 100 * power[~spoken].mean()


@TIMED
def test_numbers_have_times_like_words(engine: SpeechEngine, voice: str) -> None:
    """A token that is written in digits is spoken and timed."""
    spoken = utterance("In 1984 there were 21 of them.")
    speech = engine.synthesise(spoken, voice=voice, speed=1.0)

    assert_times_fit(speech, spoken, engine)
    assert speech.times is not None
    assert all(time.end_sample > time.start_sample for time in speech.times)


def test_the_same_utterance_sounds_the_same(engine: SpeechEngine, voice: str, short: Speech) -> None:
    """What was spoken in between changes nothing, so that a cache is honest."""
    engine.synthesise(STORY, voice=voice, speed=1.3)

    assert same(engine.synthesise(SHORT, voice=voice, speed=1.0), short)


def test_threads_do_not_disturb_one_another(engine: SpeechEngine, voice: str) -> None:
    """Four threads at once get what one after the other would have got."""
    wanted = [
        (utterance("One small step."), 1.0),
        (utterance("Rain fell, and stopped."), 0.9),
        (utterance("Why?"), 1.2),
        (utterance("All was silent."), 1.0),
    ]
    alone = [engine.synthesise(spoken, voice=voice, speed=speed) for spoken, speed in wanted]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: engine.synthesise(each[0], voice=voice, speed=each[1]), wanted))

    assert all(itertools.starmap(same, zip(together, alone, strict=True)))


def test_a_higher_speed_is_shorter(engine: SpeechEngine, voice: str) -> None:
    """Speeds between whole numbers count: each faster one takes less time."""
    lengths = [
        engine.synthesise(SHORT, voice=voice, speed=speed).audio.duration_seconds
        for speed in (0.5, 0.8, 1.0, 1.25, 2.0)
    ]

    assert lengths == sorted(set(lengths), reverse=True)
    assert lengths[0] > 2.5 * lengths[-1]


def test_a_speed_out_of_range_is_refused(engine: SpeechEngine, voice: str) -> None:
    """Neither clamped nor rounded."""
    slowest, fastest = SPEEDS.get(engine.name, (0.5, 2.0))
    for speed in (slowest - 0.01, fastest + 0.01, 0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InvalidInput):
            engine.synthesise(SHORT, voice=voice, speed=speed)


def test_an_unknown_voice_is_refused_with_close_names(engine: SpeechEngine, voice: str) -> None:
    """A typing error is answered with what was meant."""
    with pytest.raises(UnknownVoice) as caught:
        engine.synthesise(SHORT, voice=f"{voice}x", speed=1.0)

    assert caught.value.hint is not None
    assert voice in caught.value.hint
    with pytest.raises(UnknownVoice):
        engine.language_of("nobody at all")


def test_an_unknown_language_is_refused(engine: SpeechEngine, voice: str) -> None:
    """No language is spoken as if it were another."""
    with pytest.raises(UnsupportedLanguage):
        engine.synthesise(replace(SHORT, language="xx"), voice=voice, speed=1.0)


def test_what_is_too_long_is_refused_not_cut(engine: SpeechEngine, voice: str) -> None:
    """Over 510 phonemes, or OpenAI's 4096 characters, the caller must split; the last word is never lost in silence."""
    long = utterance("And then the wind turned once more over the harbour " * (80 if engine.name == "openai" else 20))

    with pytest.raises(UtteranceTooLong):
        engine.synthesise(long, voice=voice, speed=1.0)


def test_a_word_without_sound_has_a_time(engine: SpeechEngine, voice: str) -> None:
    """Symbols and foreign characters take their place in the times, whether they can be pronounced or not."""
    spoken = utterance("Look \N{ZERO WIDTH JOINER} there: 世界 means world \N{BALLOT BOX WITH CHECK}.")
    speech = engine.synthesise(spoken, voice=voice, speed=1.0)

    assert_times_fit(speech, spoken, engine)


def test_an_utterance_without_any_sound_is_spoken_all_the_same(engine: SpeechEngine, voice: str) -> None:
    """An utterance of which nothing can be pronounced is a short silence, with times."""
    spoken = Utterance(tokens=(Token(spoken="\N{ZERO WIDTH JOINER}", span=Span(start=0, end=1)),), language="en-us")
    speech = engine.synthesise(spoken, voice=voice, speed=1.0)

    assert_times_fit(speech, spoken, engine)
    assert speech.audio.duration_seconds < 2


def test_punctuation_alone_after_a_word_is_no_word(engine: SpeechEngine, voice: str) -> None:
    """Whatever marks follow a word, the last word ends before the audio does."""
    tokens = (
        Token(spoken="Well", span=Span(start=0, end=4), lead="“", trail="… — ”", boundary=Boundary.CLAUSE),
        Token(spoken="no", span=Span(start=10, end=12), trail="?!”)", boundary=Boundary.SENTENCE),
    )
    spoken = Utterance(tokens=tokens, language="en-us")
    speech = engine.synthesise(spoken, voice=voice, speed=1.0)

    assert_times_fit(speech, spoken, engine)


def test_the_engine_describes_itself(engine: SpeechEngine) -> None:
    """Names, languages and fingerprint are there and the same at every call."""
    voices = engine.voices()

    assert voices
    assert voices == engine.voices()
    assert {voice.engine for voice in voices} == {engine.name}
    assert [engine.language_of(voice.name) for voice in voices] == [voice.language for voice in voices]
    assert engine.fingerprint
    assert engine.fingerprint == engine.fingerprint.strip()
    assert engine.workers >= 1
