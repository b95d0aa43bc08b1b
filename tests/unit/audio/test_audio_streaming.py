"""Encoded bytes as they are made."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import STREAM_FORMATS, decode, encode_stream
from support.audio.sounds import pings, shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.audio import StreamFormat
    from sayso.types import FloatArray

RATE_HZ = 24_000
SOUND = pings((RATE_HZ, 3 * RATE_HZ), length=4 * RATE_HZ)
# Written to a pipe, MP3 has no header that takes the encoder's lead-in away, which is 1105 samples at 24 kHz.
LATEST_SAMPLES = {"mp3": 1200}


@pytest.mark.parametrize("stream_format", STREAM_FORMATS)
def test_bytes_come_while_blocks_do(stream_format: StreamFormat) -> None:
    """The first bytes are there before the last block is asked for, and none are empty."""
    asked: list[int] = []

    def blocks() -> Iterator[FloatArray]:
        for number, block in enumerate(np.split(SOUND, 8)):
            asked.append(number)
            yield block

    stream = encode_stream(blocks(), stream_format, sample_rate_hz=RATE_HZ)
    first = next(stream)
    assert max(asked) < 7
    assert first
    assert all(stream)


@pytest.mark.parametrize("stream_format", [name for name in STREAM_FORMATS if name != "pcm"])
def test_the_bytes_are_the_sound(stream_format: StreamFormat) -> None:
    """Together they are a file of the format, with the sound where it was."""
    made = b"".join(encode_stream(iter(np.split(SOUND, 8)), stream_format, sample_rate_hz=RATE_HZ))
    heard = decode(io.BytesIO(made), sample_rate_hz=RATE_HZ).samples
    for place in (RATE_HZ, 3 * RATE_HZ):
        assert -50 <= shift(heard, SOUND, place) <= LATEST_SAMPLES.get(stream_format, 50)


def test_pcm_is_the_samples() -> None:
    """PCM is 16-bit little-endian, and what is too loud is clipped, not wrapped."""
    samples = np.array([0.0, 0.5, -1.0, 1.7, -3.0], np.float32)
    made = b"".join(encode_stream(iter([samples, np.empty(0, np.float32)]), "pcm", sample_rate_hz=RATE_HZ))
    assert np.frombuffer(made, "<i2").tolist() == [0, 16384, -32767, 32767, -32767]


@pytest.mark.parametrize("stream_format", ["mp3", "flac"])
def test_an_error_of_the_sound_ends_the_bytes(stream_format: StreamFormat) -> None:
    """Whoever reads a stream whose sound breaks off gets the error, and does not wait for ever."""

    def blocks() -> Iterator[FloatArray]:
        yield SOUND
        raise ZeroDivisionError

    stream = encode_stream(blocks(), stream_format, sample_rate_hz=RATE_HZ)
    with pytest.raises(ZeroDivisionError):
        list(stream)


@pytest.mark.parametrize("stream_format", STREAM_FORMATS)
def test_a_long_silence_between_words_flows(stream_format: StreamFormat) -> None:
    """Silence in one block that takes no memory is encoded in pieces, and the word after it is there."""
    rate_hz = 8000
    word = pings((rate_hz // 2,), length=rate_hz)
    silence = np.broadcast_to(np.float32(0), (600 * rate_hz,))
    pieces = list(encode_stream(iter([word, silence, word]), stream_format, sample_rate_hz=rate_hz))
    assert max(map(len, pieces)) < 300_000
    if stream_format != "pcm":
        heard = decode(io.BytesIO(b"".join(pieces)), sample_rate_hz=rate_hz).samples
        assert np.abs(heard[601 * rate_hz :]).max() > 0.1
        assert np.abs(heard[2 * rate_hz : 600 * rate_hz]).max() < 0.01


@pytest.mark.parametrize("stream_format", STREAM_FORMATS)
def test_a_short_beginning_is_not_kept_back(stream_format: StreamFormat) -> None:
    """When half a second and a little was given, most of it can be heard, whatever the format."""
    is_more_needed = False

    def blocks() -> Iterator[FloatArray]:
        nonlocal is_more_needed
        yield SOUND[RATE_HZ - 2400 : RATE_HZ + 12_000]
        is_more_needed = True
        yield SOUND[:RATE_HZ]

    made = b""
    for chunk in encode_stream(blocks(), stream_format, sample_rate_hz=RATE_HZ):
        if is_more_needed:
            break
        made += chunk
    seconds = (
        len(made) / 48_000
        if stream_format == "pcm"
        else decode(io.BytesIO(made), sample_rate_hz=RATE_HZ).duration_seconds
    )
    assert seconds > 0.45
