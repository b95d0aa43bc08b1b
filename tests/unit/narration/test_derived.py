"""What follows from the samples is worked out once, and is never out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import AudioFormat, AudioTags
from sayso.cache import DirectoryCache, NoCache
from sayso.narration.derived import encode, measure_loudness
from sayso.narration.spool import Spool
from sayso.types import Chapter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.types import FloatArray

RATE = 24_000
LOSSY = [AudioFormat.MP3, AudioFormat.OPUS, AudioFormat.AAC, AudioFormat.M4A]


def hum(frequency_hz: float) -> FloatArray:
    return np.asarray(0.2 * np.sin(2 * np.pi * frequency_hz * np.arange(RATE) / RATE), np.float32)


class CountingCache(DirectoryCache):
    """A cache that counts what it finds and what it is given."""

    found = 0
    given = 0

    def get(self, key: str) -> bytes | None:
        data = super().get(key)
        self.found += data is not None
        return data

    def put(self, key: str, data: bytes) -> None:
        self.given += 1
        super().put(key, data)


@pytest.fixture
def cache(tmp_path: Path) -> CountingCache:
    return CountingCache(tmp_path / "cache", maximum_bytes=10**9)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path) as spool:
        spool.write(hum(300))
        yield spool


@pytest.mark.parametrize("audio_format", LOSSY)
def test_the_second_file_is_the_first(
    tmp_path: Path, spool: Spool, cache: CountingCache, audio_format: AudioFormat
) -> None:
    """The same samples, gain and tags give the same bytes from the cache as from the encoder."""
    for name in ("first", "second"):
        encode(spool, 0.9, tmp_path / name, audio_format, AudioTags(title="Hum"), RATE, cache)
    assert (cache.given, cache.found) == (1, 1)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    encode(spool, 0.9, tmp_path / "third", audio_format, AudioTags(title="Hum"), RATE, NoCache())
    assert (tmp_path / "third").stat().st_size == (tmp_path / "first").stat().st_size


def test_whatever_changes_the_file_is_encoded_anew(tmp_path: Path, spool: Spool, cache: CountingCache) -> None:
    """Another gain, title, chapter, format or sample is another file."""
    chapter = Chapter(title="One", start_sample=0, end_sample=RATE)
    encode(spool, 0.9, tmp_path / "a", AudioFormat.MP3, AudioTags(title="Hum"), RATE, cache)
    encode(spool, 0.8, tmp_path / "a", AudioFormat.MP3, AudioTags(title="Hum"), RATE, cache)
    encode(spool, 0.9, tmp_path / "a", AudioFormat.MP3, AudioTags(title="Him"), RATE, cache)
    encode(spool, 0.9, tmp_path / "a", AudioFormat.MP3, AudioTags(title="Hum", chapters=(chapter,)), RATE, cache)
    encode(spool, 0.9, tmp_path / "a", AudioFormat.OPUS, AudioTags(title="Hum"), RATE, cache)
    spool.write(hum(400))
    encode(spool, 0.9, tmp_path / "a", AudioFormat.MP3, AudioTags(title="Hum"), RATE, cache)
    assert (cache.given, cache.found) == (6, 0)


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.FLAC])
def test_lossless_files_are_not_kept(
    tmp_path: Path, spool: Spool, cache: CountingCache, audio_format: AudioFormat
) -> None:
    """What is as large as the samples, and quickly written, takes no room in the cache."""
    encode(spool, 0.9, tmp_path / "a", audio_format, AudioTags(), RATE, cache)
    assert cache.given == 0
    assert (tmp_path / "a").stat().st_size > 0


def test_loudness_is_measured_once(spool: Spool, cache: CountingCache) -> None:
    """The same samples have the same loudness, remembered exactly; other samples are measured."""
    first = measure_loudness(spool, RATE, cache)
    assert measure_loudness(spool, RATE, cache) == first
    assert (cache.given, cache.found) == (1, 1)
    assert first.integrated_lufs == pytest.approx(-17.7, abs=0.5)
    spool.clear()
    spool.write(hum(300) * np.float32(0.5))
    assert measure_loudness(spool, RATE, cache) != first


def test_silence_is_remembered_too(tmp_path: Path, cache: CountingCache) -> None:
    """Silence has no loudness and no peak, the second time as the first."""
    with Spool(tmp_path) as spool:
        spool.write(np.zeros(RATE, np.float32))
        assert measure_loudness(spool, RATE, cache) == measure_loudness(spool, RATE, cache)


def test_the_digest_is_that_of_the_samples(tmp_path: Path) -> None:
    """However the samples came, their digest is the same; other samples have another."""
    with Spool(tmp_path) as one, Spool(tmp_path) as other:
        one.write(hum(300))
        other.write(hum(400))
        assert one.digest != other.digest
        other.clear()
        for part in np.split(hum(300), 4):
            other.write(part)
        assert one.digest == other.digest
