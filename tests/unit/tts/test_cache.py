"""The speech cache: what it keeps, what it forgets, and what it must never return."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sayso.cache import DirectoryCache, NoCache
from sayso.tts.cache import SpeechCache, speech_key
from sayso.types import Audio, Boundary, Span, Speech, Token, TokenTime, Utterance

if TYPE_CHECKING:
    from pathlib import Path

HELLO = Token(spoken="hello", span=Span(start=0, end=5))
WORLD = Token(spoken="world", span=Span(start=6, end=11), trail=".", boundary=Boundary.SENTENCE)
UTTERANCE = Utterance(tokens=(HELLO, WORLD), language="en-us")


def speech(length: int = 2400, *, seed: int = 0) -> Speech:
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, length).astype(np.float32)
    times = (TokenTime(start_sample=0, end_sample=length // 2), TokenTime(start_sample=length // 2, end_sample=length))
    return Speech(audio=Audio(samples=samples, sample_rate_hz=24_000), times=times)


def cache_in(directory: Path) -> SpeechCache:
    return SpeechCache(DirectoryCache(directory, maximum_bytes=10**9))


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "speech"


def test_kept_speech_comes_back(directory: Path) -> None:
    """What was put is what another process gets, to the sample."""
    kept = cache_in(directory).put(key(1), speech())
    found = cache_in(directory).get(key(1))
    assert found is not None
    assert found.times == kept.times
    assert found.audio.sample_rate_hz == 24_000
    np.testing.assert_array_equal(found.audio.samples, kept.audio.samples)


def test_speech_without_times_comes_back_without_times(directory: Path) -> None:
    """An engine that gives no times is not made to have given some."""
    cache = cache_in(directory)
    cache.put(key(1), dataclasses.replace(speech(), times=None))
    found = cache.get(key(1))
    assert found is not None
    assert found.times is None


@given(
    arrays(
        np.float32,
        st.integers(0, 50),
        elements=st.floats(-4, 4, width=32, allow_nan=False, allow_subnormal=False),
    )
)
def test_rounding_is_inaudible(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    """Rounding changes no sample by more than a 32,767th of the loudest, at any level, and nothing clips."""
    given_speech = Speech(audio=Audio(samples=samples, sample_rate_hz=24_000), times=None)
    kept = SpeechCache(NoCache()).put(key(1), given_speech).audio.samples
    loudest = float(np.abs(samples).max(initial=0.0))
    assert kept.dtype == np.float32
    np.testing.assert_allclose(kept, samples, atol=loudest / 32767 * 0.51 + 1e-30)


@pytest.mark.parametrize("use_cache", [True, False])
def test_first_and_later_times_sound_the_same(directory: Path, use_cache: bool) -> None:
    """With and without a cache, the first time and later, the samples are the same."""
    cache = cache_in(directory) if use_cache else SpeechCache(NoCache())
    first = cache.put(key(1), speech()).audio.samples
    np.testing.assert_array_equal(first, cache_in(directory).put(key(1), speech()).audio.samples)


def test_owners_share_a_cache(directory: Path) -> None:
    """Unless they are told apart, an owner finds what another had spoken."""
    cache = cache_in(directory)
    cache.of("ann").put(key(1), speech())
    assert cache.of("bob").get(key(1)) is not None
    assert cache.of(None).get(key(1)) is not None


def test_owners_that_are_told_apart_find_their_own_speech_alone(directory: Path) -> None:
    """Another owner, and work of no owner, misses what is there; the owner finds it, in a later process too."""

    def opened() -> SpeechCache:
        return SpeechCache(DirectoryCache(directory, maximum_bytes=10**9), is_per_owner=True)

    cache = opened()
    cache.of("ann").put(key(1), speech())
    cache.put(key(2), speech())
    for stranger in ("bob", "an", "ann ", "", None):
        assert cache.of(stranger).get(key(1)) is None
    assert opened().of("ann").get(key(1)) is not None
    assert cache.of("ann").get(key(2)) is None
    assert cache.of("").get(key(2)) is not None


def vary(**changes: object) -> str:
    settings: dict[str, object] = {"voice": "a", "speed": 1.0, "fingerprint": "f"} | changes
    utterance = settings.pop("utterance", UTTERANCE)
    return speech_key(utterance, **settings)  # type: ignore[arg-type]  # the names are those of the parameters


def with_token(**changes: object) -> Utterance:
    token = dataclasses.replace(WORLD, **changes)  # type: ignore[arg-type]  # the names are those of the fields
    return Utterance(tokens=(HELLO, token), language="en-us")


def test_everything_that_is_heard_is_in_the_key() -> None:
    """Another word, mark, break, pronunciation, language, voice, speed or engine is another key."""
    keys = [
        vary(),
        vary(voice="b"),
        vary(speed=1.1),
        vary(fingerprint="g"),
        vary(utterance=Utterance(tokens=(HELLO, WORLD), language="en-gb")),
        vary(utterance=Utterance(tokens=(HELLO,), language="en-us")),
        vary(utterance=with_token(spoken="word")),
        vary(utterance=with_token(lead="“")),
        vary(utterance=with_token(trail="!")),
        vary(utterance=with_token(joined=True)),
        vary(utterance=with_token(boundary=Boundary.PARAGRAPH)),
        vary(utterance=with_token(ipa="wɜːld")),
        vary(utterance=with_token(span=HELLO.span)),
    ]
    assert len(set(keys)) == len(keys)


def test_the_place_in_the_document_is_not_in_the_key() -> None:
    """The same sentence elsewhere in a text is the same speech."""
    moved = [
        dataclasses.replace(token, span=Span(start=token.span.start + 9, end=token.span.end + 9))
        for token in (HELLO, WORLD)
    ]
    assert vary(utterance=Utterance(tokens=tuple(moved), language="en-us")) == vary()
