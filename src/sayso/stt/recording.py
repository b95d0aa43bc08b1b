"""A recording for speech-to-text engines: decoded once, measured, and kept on disk."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import decode_blocks, resample
from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sayso.scheduling import RequestContext
    from sayso.types import Audio, FloatArray

SAMPLE_RATE_HZ = 16_000
"""The rate of every recording, and of its transcript's timeline: the one speech recognition works at."""

FRAMES_PER_SECOND = 100
_FRAME_SAMPLES = SAMPLE_RATE_HZ // FRAMES_PER_SECOND

SILENT_DB = -70.0
"""Below this level, relative to full scale, there is no speech: a quiet room is recorded at about -60."""

_FLOOR_DB = -100.0
_BLOCK_SECONDS = 60.0  # decoded in about a tenth of a second, under one compute permit
_BLOCK_SAMPLES = round(_BLOCK_SECONDS * SAMPLE_RATE_HZ)
_BYTES_PER_SAMPLE = 2
_FULL_SCALE = 32768


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recording:
    """Decoded audio at `SAMPLE_RATE_HZ`, opened once for all engines of a chain; one thread at a time reads it.

    Attributes:
        file: 16-bit samples on disk. It is not memory-mapped, so that what has been read does not count as this
            process's memory.
        duration_samples: its length.
        levels_db: the level of each full frame of 10 ms, relative to full scale.
        source: the file that it was decoded from; None where it came as samples.
    """

    file: BinaryIO
    duration_samples: int
    levels_db: FloatArray
    source: Path | None = None

    @property
    def duration_seconds(self) -> float:
        """Its length."""
        return self.duration_samples / SAMPLE_RATE_HZ

    @property
    def is_silent(self) -> bool:
        """Whether no frame of it is as loud as speech."""
        return not np.any(self.levels_db >= SILENT_DB)

    def blocks(self, start_sample: int, end_sample: int) -> Iterator[FloatArray]:
        """A part of it, in blocks of a minute, the last of which may be shorter: float32 within ±1."""
        for start in range(start_sample, end_sample, _BLOCK_SAMPLES):
            count = min(_BLOCK_SAMPLES, end_sample - start)
            self.file.seek(start * _BYTES_PER_SAMPLE)
            data = self.file.read(count * _BYTES_PER_SAMPLE)
            yield np.frombuffer(data, np.int16).astype(np.float32) / np.float32(_FULL_SCALE)


@contextmanager
def open_recording(
    source: Path | Audio, context: RequestContext = UNBOUNDED, *, maximum_seconds: float | None = None
) -> Iterator[Recording]:
    """Decode a file, or take samples, for the length of the block; the disk holds two bytes a sample.

    Args:
        source: a file in any container that holds audio, or audio of any rate.
        context: each block of a minute is decoded under a compute permit of its own.
        maximum_seconds: the longest file that is taken; None for any.

    Raises:
        NotAudio: the source holds no audio.
        AudioTooLong: a file holds more than ``maximum_seconds``.
        Cancelled, DeadlineExceeded: as the context says.
    """
    with tempfile.TemporaryFile() as file:
        levels = [np.empty(0, np.float32)]
        duration_samples = 0
        blocks = _blocks(source, maximum_seconds)
        while True:
            with context.permit():
                block = next(blocks, None)
                if block is None:
                    break
                levels.append(_levels_db(block))
                duration_samples += len(block)
                file.write(np.rint(np.clip(block, -1.0, 1.0) * (_FULL_SCALE - 1)).astype(np.int16).tobytes())
        yield Recording(
            file=file,
            duration_samples=duration_samples,
            levels_db=np.concatenate(levels),
            source=source if isinstance(source, Path) else None,
        )


def _blocks(source: Path | Audio, maximum_seconds: float | None) -> Iterator[FloatArray]:
    """The sound in blocks of full frames, but for the last."""
    if isinstance(source, Path):
        yield from decode_blocks(
            source, sample_rate_hz=SAMPLE_RATE_HZ, block_seconds=_BLOCK_SECONDS, maximum_seconds=maximum_seconds
        )
        return
    samples = resample(source, SAMPLE_RATE_HZ).samples
    for start in range(0, len(samples), _BLOCK_SAMPLES):
        yield samples[start : start + _BLOCK_SAMPLES]


def _levels_db(block: FloatArray) -> FloatArray:
    frames = block[: len(block) - len(block) % _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    levels: FloatArray = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), _FLOOR_DB).astype(np.float32)
    return levels
