"""A recording for speech-to-text engines: decoded once, measured, and kept on disk."""

from __future__ import annotations

import math
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import decode_blocks, resample
from sayso.scheduling import UNBOUNDED
from sayso.stt.speech_level import detector_gain, recording_gain, without_rumble

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
_QUIET_PEAK = 0.05


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recording:
    """Decoded audio at `SAMPLE_RATE_HZ`, opened once for all engines of a chain; one thread at a time reads it.

    Attributes:
        file: 16-bit samples on disk. It is not memory-mapped, so that what has been read does not count as this
            process's memory.
        duration_samples: its length.
        levels_db: the level of each full frame of 10 ms, relative to full scale.
        source: the file that it was decoded from; None where it came as samples.
        gain: the factor by which a very quiet recording is raised; its levels and its blocks are those after it.
        detector_gain: the factor for the voice detector, after ``gain``; see `sayso.stt.speech_level`.
        scales: what one stands for in each minute of the file, whose quiet minutes use all bits.
    """

    file: BinaryIO
    duration_samples: int
    levels_db: FloatArray
    source: Path | None = None
    gain: float = 1.0
    detector_gain: float = 1.0
    scales: tuple[float, ...] = ()

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
            block = np.frombuffer(data, np.int16).astype(np.float32) / np.float32(_FULL_SCALE)
            yield self._raised(block, start)

    def _raised(self, block: FloatArray, start_sample: int) -> FloatArray:
        """A block as it is read from the file, in its scale and with the gain."""
        if self.gain == 1.0 and all(scale == 1.0 for scale in self.scales):
            return block
        minutes = np.arange(start_sample, start_sample + len(block)) // _BLOCK_SAMPLES
        factors = np.asarray(self.scales or [1.0], np.float32) * np.float32(self.gain)
        raised: FloatArray = np.clip(block * factors[np.minimum(minutes, len(factors) - 1)], -1.0, 1.0)
        return raised


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
        levels, audible = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
        scales: list[float] = []
        duration_samples = 0
        blocks = _blocks(source, maximum_seconds)
        while True:
            with context.permit():
                block = next(blocks, None)
                if block is None:
                    break
                levels.append(_levels_db(block))
                audible.append(_levels_db(without_rumble(block)))
                duration_samples += len(block)
                scales.append(_scale(block))
                file.write(_as_stored(block, scales[-1]))
        levels_db, audible_db = np.concatenate(levels), np.concatenate(audible)
        gain = recording_gain(levels_db, audible_db)
        yield Recording(
            file=file,
            duration_samples=duration_samples,
            levels_db=levels_db + np.float32(20 * math.log10(gain)),
            source=source if isinstance(source, Path) else None,
            gain=gain,
            detector_gain=detector_gain(audible_db) / gain,
            scales=tuple(scales),
        )


def _scale(block: FloatArray) -> float:
    """What one stands for in a stored block: the peak of a quiet one, so that rounding does not become its noise."""
    peak = float(np.max(np.abs(block), initial=0.0))
    return 1.0 if peak == 0 or peak >= _QUIET_PEAK else peak


def _as_stored(block: FloatArray, scale: float) -> bytes:
    stored = np.rint(np.clip(block / scale, -1.0, 1.0) * (_FULL_SCALE - 1))
    return bytes(stored.astype(np.int16).tobytes())


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
