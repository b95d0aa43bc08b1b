"""A file whose tags would keep libav busy for minutes is refused in seconds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import decode, trial
from sayso.errors import NotAudio
from support.audio.sounds import encoded, pings
from support.audio.tags import with_flac_comments, with_id3, with_opus_comments

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 24_000
MANY = 60_000
"""Tags that take libav fifteen seconds or more."""


def sound(kind: str) -> bytes:
    return encoded(pings((6_000,), length=LENGTH), kind)


def hostile(kind: str, count: int) -> bytes:
    if kind == "mp3":
        return with_id3(sound("mp3"), count)
    if kind == "flac":
        return with_flac_comments(sound("flac"), count)
    return sound("opus") + with_opus_comments(sound("opus"), count, serial=77)  # in the second of two streams


@pytest.mark.parametrize("kind", ["mp3", "flac", "opus"])
def test_a_file_of_too_many_tags_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a bound on processor time: before the first sound, after it, as one block or as many."""
    monkeypatch.setattr(trial, "CPU_SECONDS", 1)
    path = tmp_path / f"a.{kind}"
    path.write_bytes(hostile(kind, MANY))
    with pytest.raises(NotAudio, match="its tags take too long to read"):
        decode(path, sample_rate_hz=24_000)


@pytest.mark.parametrize("kind", ["mp3", "flac", "opus"])
def test_a_file_of_many_tags_is_read(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few thousand, as of a long book with its chapters and its text."""
    monkeypatch.setattr(trial, "_SMALL_BYTES", 0)
    path = tmp_path / f"a.{kind}"
    path.write_bytes(hostile(kind, 3000))
    assert len(decode(path, sample_rate_hz=24_000).samples) >= 0.9 * LENGTH


def test_what_is_no_audio_says_so_as_before(tmp_path: Path) -> None:
    """The trial refuses nothing else."""
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(200_000))
    with pytest.raises(NotAudio, match=r"is not an audio file, or is damaged\.$"):
        decode(path, sample_rate_hz=24_000)
    with pytest.raises(NotAudio, match="cannot be read"):
        decode(tmp_path / "missing.wav", sample_rate_hz=24_000)


def test_without_a_process_to_try_it_the_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason is that none comes about."""
    path = tmp_path / "a.wav"
    path.write_bytes(encoded(np.zeros(24_000 * 5, np.float32), "wav"))
    for program in ("/missing", "/bin/false"):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", program)
            assert len(decode(path, sample_rate_hz=24_000).samples) == 24_000 * 5
