"""The speech cache: what it keeps, what it forgets, and what it must never return."""

from __future__ import annotations

import dataclasses
import os
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from structlog.testing import capture_logs

from sayso.tts.cache import DirectorySpeechCache, NoSpeechCache, SpeechCache, speech_key
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


def cache_in(directory: Path, maximum_bytes: int = 10**9) -> DirectorySpeechCache:
    return DirectorySpeechCache(directory, maximum_bytes=maximum_bytes)


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "speech"


def entries(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


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
    kept = NoSpeechCache().put(key(1), given_speech).audio.samples
    loudest = float(np.abs(samples).max(initial=0.0))
    assert kept.dtype == np.float32
    np.testing.assert_allclose(kept, samples, atol=loudest / 32767 * 0.51 + 1e-30)


@pytest.mark.parametrize("use_cache", [True, False])
def test_first_and_later_times_sound_the_same(directory: Path, use_cache: bool) -> None:
    """With and without a cache, the first time and later, the samples are the same."""
    cache: SpeechCache = cache_in(directory) if use_cache else NoSpeechCache()
    first = cache.put(key(1), speech()).audio.samples
    np.testing.assert_array_equal(first, cache_in(directory).put(key(1), speech()).audio.samples)


def test_a_cache_that_keeps_nothing_has_nothing() -> None:
    """`--no-cache` finds nothing, not even what this process spoke."""
    cache = NoSpeechCache()
    cache.put(key(1), speech())
    assert cache.get(key(1)) is None


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "garbage", "append"])
def test_a_damaged_entry_is_a_miss(directory: Path, damage: str) -> None:
    """An entry that is cut short, altered, emptied, replaced or lengthened is a miss, and is removed."""
    cache = cache_in(directory)
    cache.put(key(1), speech())
    (path,) = entries(directory)
    data = bytearray(path.read_bytes())
    match damage:
        case "truncate":
            del data[-7:]
        case "flip":
            data[len(data) // 2] ^= 1
        case "empty":
            data.clear()
        case "garbage":
            data = bytearray(os.urandom(200))
        case "append":
            data += b"\0"
    path.write_bytes(data)
    assert cache.get(key(1)) is None
    assert not path.exists()


def test_the_directory_stays_below_its_bound(directory: Path) -> None:
    """However much is kept, the directory holds no more than its bound, and the newest entries."""
    cache = cache_in(directory, maximum_bytes=60_000)
    for number in range(40):
        cache.put(key(number), speech(seed=number))
        os.utime(directory / key(number)[:2] / f"{key(number)}.speech", (number, number))
    assert sum(path.stat().st_size for path in entries(directory)) <= 60_000
    assert cache.get(key(39)) is not None
    assert cache.get(key(0)) is None


def test_what_is_used_is_kept_longest(directory: Path) -> None:
    """The entry that was used last outlives those that were made after it."""
    cache = cache_in(directory, maximum_bytes=30_000)
    for number in range(5):
        cache.put(key(number), speech(seed=number))
        os.utime(directory / key(number)[:2] / f"{key(number)}.speech", (number, number))
    cache.get(key(0))
    for number in range(5, 9):
        cache.put(key(number), speech(seed=number))
    assert cache.get(key(0)) is not None
    assert cache.get(key(1)) is None


def test_a_new_process_counts_what_is_there(directory: Path) -> None:
    """The bound holds over processes: what an earlier one left is counted."""
    first = cache_in(directory)
    for number in range(20):
        first.put(key(number), speech(seed=number))
    cache_in(directory, maximum_bytes=30_000).put(key(99), speech())
    assert sum(path.stat().st_size for path in entries(directory)) <= 30_000


def test_what_a_killed_process_left_is_cleared_away(directory: Path) -> None:
    """A half-written file of a process that was killed counts towards the bound and goes with the oldest."""
    cache = cache_in(directory, maximum_bytes=30_000)
    cache.put(key(1), speech())
    (path,) = entries(directory)
    left_over = path.parent / ".abc.partial"
    left_over.write_bytes(bytes(20_000))
    os.utime(left_over, (0, 0))
    for number in range(2, 8):
        cache.put(key(number), speech(seed=number))
    assert not left_over.exists()


def test_threads_share_a_cache(directory: Path) -> None:
    """Many threads that write and read the same few entries see whole ones or none."""
    cache = cache_in(directory, maximum_bytes=40_000)
    wrong: list[int] = []

    def use(seed: int) -> None:
        for number in range(60):
            which = (number + seed) % 12
            cache.put(key(which), speech(seed=which))
            found = cache.get(key(which))
            if found is not None and not np.allclose(found.audio.samples, speech(seed=which).audio.samples, atol=1e-4):
                wrong.append(which)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_cache_that_cannot_be_written_says_so_once(tmp_path: Path) -> None:
    """No place to write costs the cache, never the speech: it is logged once, and the speech is returned."""
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    cache = cache_in(blocked / "speech")
    with capture_logs() as logs:
        assert cache.put(key(1), speech()).audio.samples.size == 2400
        cache.put(key(2), speech())
    assert [log["event"] for log in logs] == ["speech cache not written"]
    assert cache.get(key(1)) is None


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
