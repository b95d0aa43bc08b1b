"""One utterance, whatever its length, from the cache or from the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cache import DirectoryCache, NoCache
from sayso.errors import EngineFailed, UnknownVoice
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.synthesis import speak
from sayso.types import Boundary, Span, Token, Utterance

if TYPE_CHECKING:
    from pathlib import Path


def utterance(*words: str) -> Utterance:
    tokens, position = [], 0
    for word in words:
        tokens.append(Token(spoken=word, span=Span(start=position, end=position + len(word))))
        position += len(word) + 1
    return Utterance(tokens=tuple(tokens), language="en-us")


def test_the_second_time_comes_from_the_cache(tmp_path: Path) -> None:
    """The engine is asked once; the second time gives the same sound and times, and says where it is from."""
    engine, cache = FakeSpeechEngine(), SpeechCache(DirectoryCache(tmp_path, maximum_bytes=10**9))
    (first,) = speak(utterance("hello", "there"), engine, cache, voice="fake_en", speed=1.0)
    (second,) = speak(utterance("hello", "there"), engine, cache, voice="fake_en", speed=1.0)
    assert engine.calls == 1
    assert (first.cached, second.cached) == (False, True)
    assert first.times == second.times
    assert first.audio.samples.tolist() == second.audio.samples.tolist()


def test_a_failure_is_not_cached(tmp_path: Path) -> None:
    """An engine that broke once is asked again."""
    engine, cache = FakeSpeechEngine(failing_calls=[1]), SpeechCache(DirectoryCache(tmp_path, maximum_bytes=10**9))
    with pytest.raises(EngineFailed):
        speak(utterance("hello"), engine, cache, voice="fake_en", speed=1.0)
    assert speak(utterance("hello"), engine, cache, voice="fake_en", speed=1.0)[0].cached is False


def test_what_is_too_long_is_spoken_in_parts() -> None:
    """An utterance beyond the engine's limit is split until it fits; every word is spoken, in order, with a time."""
    words = [f"word{number}" for number in range(40)]
    engine = FakeSpeechEngine(maximum_letters=30)
    parts = speak(utterance(*words), engine, SpeechCache(NoCache()), voice="fake_en", speed=1.0)
    assert len(parts) > 1
    assert [token.spoken for part in parts for token in part.tokens] == words
    assert all(len(part.times) == len(part.tokens) for part in parts)


def test_one_endless_word_is_spoken_to_its_end() -> None:
    """A word longer than the engine's limit is cut into pieces, none of which is lost."""
    engine = FakeSpeechEngine(maximum_letters=10)
    parts = speak(utterance("a" * 95), engine, SpeechCache(NoCache()), voice="fake_en", speed=1.0)
    assert "".join(token.spoken for part in parts for token in part.tokens) == "a" * 95


def test_parts_come_from_the_cache_too(tmp_path: Path) -> None:
    """A long utterance that was spoken in parts is not spoken again."""
    cache = SpeechCache(DirectoryCache(tmp_path, maximum_bytes=10**9))
    words = utterance(*(f"word{number}" for number in range(20)))
    speak(words, FakeSpeechEngine(maximum_letters=30), cache, voice="fake_en", speed=1.0)
    again = speak(words, FakeSpeechEngine(maximum_letters=30), cache, voice="fake_en", speed=1.0)
    assert all(part.cached for part in again)


def test_an_engine_that_can_say_nothing_fails() -> None:
    """Where even one letter is too long, that is the engine's failure, not an endless search."""
    with pytest.raises(EngineFailed, match="alone is too long"):
        speak(utterance("ab"), FakeSpeechEngine(maximum_letters=0), SpeechCache(NoCache()), voice="fake_en", speed=1.0)


def test_an_engine_without_times_gets_naive_ones() -> None:
    """Every token has a time, in order, within the audio, even when the engine gives none."""
    engine = FakeSpeechEngine(timed=False)
    (spoken,) = speak(utterance("hello", "there"), engine, SpeechCache(NoCache()), voice="fake_en", speed=1.0)
    edges = [edge for time in spoken.times for edge in (time.start_sample, time.end_sample)]
    assert edges == sorted(edges)
    assert edges[-1] <= spoken.audio.samples.size


def test_an_unknown_voice_is_said_at_once() -> None:
    """The engine's own error reaches the caller."""
    with pytest.raises(UnknownVoice):
        speak(utterance("hello"), FakeSpeechEngine(), SpeechCache(NoCache()), voice="nobody", speed=1.0)


def test_boundaries_do_not_change_the_tokens() -> None:
    """What comes back are the tokens that were given, breaks and all."""
    token = Token(spoken="hello", span=Span(start=0, end=5), trail=".", boundary=Boundary.SENTENCE)
    (spoken,) = speak(
        Utterance(tokens=(token,), language="en-us"),
        FakeSpeechEngine(),
        SpeechCache(NoCache()),
        voice="fake_en",
        speed=1.0,
    )
    assert spoken.tokens == (token,)
