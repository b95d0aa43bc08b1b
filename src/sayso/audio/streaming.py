"""Encoded bytes as they are made, for streamed responses."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias, cast

import av
import numpy as np

from sayso.audio.encode import AudioWriter
from sayso.audio.formats import ENCODINGS, AudioFormat
from sayso.audio.silence import BLOCK_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed import ReadableBuffer

    from sayso.types import FloatArray

StreamFormat: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
"""The formats that can be written front to back; ``pcm`` is bare 16-bit little-endian samples."""

STREAM_FORMATS: dict[StreamFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""Each format's media type."""

_FULL_SCALE = 32767


def encode_stream(blocks: Iterable[FloatArray], stream_format: StreamFormat, *, sample_rate_hz: int) -> Iterator[bytes]:
    """The bytes of each block of audio as soon as they are encoded; never empty ones.

    A WAV or FLAC stream cannot state its length at its beginning, and has its format's value for an unknown length.

    Args:
        blocks: float32 samples of shape (n,).
        stream_format: the format.
        sample_rate_hz: the rate of the samples.

    Raises:
        SaysoError: as the iteration of the blocks.
    """
    if stream_format == "pcm":
        for block in blocks:
            yield from map(pcm, _small(block))
        return
    sink = _Sink()
    with AudioWriter(cast("BinaryIO", sink), AudioFormat(stream_format), sample_rate_hz=sample_rate_hz) as writer:
        for block in blocks:
            for piece in _small(block):
                writer.write(piece)
                if made := sink.taken():
                    yield made
    if made := sink.taken():
        yield made


def encode_whole(
    blocks: Iterable[FloatArray], stream_format: StreamFormat, target: BinaryIO, *, sample_rate_hz: int
) -> None:
    """Encode all blocks to a file, whose header then states their length.

    Args:
        blocks: float32 samples of shape (n,).
        stream_format: the format.
        target: a file that can seek; it is left open, at its end.
        sample_rate_hz: the rate of the samples.

    Raises:
        OutputFailed: the file cannot be written.
        SaysoError: as the iteration of the blocks.
    """
    if stream_format == "pcm":
        target.writelines(pcm(block) for block in blocks)
        return
    with AudioWriter(target, AudioFormat(stream_format), sample_rate_hz=sample_rate_hz) as writer:
        for block in blocks:
            writer.write(block)


def encoder_rates(stream_format: StreamFormat) -> tuple[int, ...]:
    """The sample rates that a format can have, in Hz; empty for any."""
    if stream_format == "pcm":
        return ()
    return tuple(sorted(av.Codec(ENCODINGS[AudioFormat(stream_format)].codec, "w").audio_rates or ()))


def _small(block: FloatArray) -> Iterator[FloatArray]:
    """A block in pieces, so that the first bytes of a long block come early."""
    for start in range(0, len(block), BLOCK_SAMPLES):
        yield block[start : start + BLOCK_SAMPLES]


def pcm(samples: FloatArray) -> bytes:
    """Samples as 16-bit little-endian integers; what is beyond ±1 is clipped."""
    return np.round(np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2").tobytes()


class _Sink(io.RawIOBase):
    """A file that cannot seek, whose bytes are taken out as they come."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        self._held += data
        return memoryview(data).nbytes

    def taken(self) -> bytes:
        """The bytes that were written since the last call."""
        taken = bytes(self._held)
        self._held.clear()
        return taken
