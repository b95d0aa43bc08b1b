"""Decode any file that holds audio into mono float32 samples, in time with a player."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import av
import numpy as np
import soxr

from sayso.audio.container import name_of, opened
from sayso.audio.mixdown import Mixdown
from sayso.audio.silence import silence
from sayso.audio.trial import require_quick_opening
from sayso.errors import AudioTooLong, NotAudio
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.container.input import InputContainer

    from sayso.types import FloatArray

# A gap in the time stamps is silence for a player, so it is for us. Shorter ones are rounding of the time
# stamps; longer ones (a clock that wrapped, a broken file) no player waits for.
_SHORTEST_GAP_SECONDS = 0.05
_LONGEST_GAP_SECONDS = 600.0

# Telephones use 8 kHz, toys 4, studios 192. A lower rate would become thousands of samples for each that was sent, and
# no microphone records at a higher one.
_LOWEST_RATE_HZ = 1000
_HIGHEST_RATE_HZ = 768_000
_MOST_CHANNELS = 64

_ROUNDING_SECONDS = 1e-6  # the error of a sum of many frames

_RESAMPLED_AT_ONCE_SECONDS = 10.0
"""So much is resampled at once, however many samples a packet of the file holds."""


def decode(source: Path | BinaryIO, *, sample_rate_hz: int, maximum_seconds: float | None = None) -> Audio:
    """Read the first audio stream of a file in any container libav knows, mixed to mono.

    Args:
        source: a file, or its content.
        sample_rate_hz: the rate that is wanted.
        maximum_seconds: how much audio is taken; None for all.

    Raises:
        NotAudio: the source cannot be read or holds no audio.
        AudioTooLong: there is more than ``maximum_seconds``.
    """
    blocks = list(decode_blocks(source, sample_rate_hz=sample_rate_hz, maximum_seconds=maximum_seconds))
    return Audio(samples=np.concatenate(blocks), sample_rate_hz=sample_rate_hz)


def decode_blocks(
    source: Path | BinaryIO, *, sample_rate_hz: int, block_seconds: float = 1.0, maximum_seconds: float | None = None
) -> Iterator[FloatArray]:
    """As `decode`, in blocks of ``block_seconds`` (the last may be shorter) and memory that does not grow.

    Damaged packets are left out, as players do; a source of which nothing can be decoded is no audio.

    Yields:
        Float32 arrays of shape (n,), n at least 1.

    Raises:
        NotAudio: at the first block, when the source cannot be read or holds no audio.
        AudioTooLong: as soon as more than ``maximum_seconds`` have been decoded.
    """
    block_samples = max(1, round(block_seconds * sample_rate_hz))
    held: list[FloatArray] = []
    held_samples = 0
    empty = True
    for piece in _pieces(source, sample_rate_hz, maximum_seconds):
        held.append(piece)
        held_samples += len(piece)
        if held_samples >= block_samples:
            joined = np.concatenate(held)
            whole = held_samples - held_samples % block_samples
            yield from joined[:whole].reshape(-1, block_samples)
            held, held_samples = [joined[whole:]], held_samples - whole
            empty = False
    if held_samples:
        yield np.concatenate(held)
    elif empty:
        raise NotAudio(f"{name_of(source)} holds no audio: it ends before the first sample.")


def _pieces(source: Path | BinaryIO, sample_rate_hz: int, maximum_seconds: float | None) -> Iterator[FloatArray]:
    """The audio at the wanted rate, in pieces of any size, some of them empty."""
    if isinstance(source, Path):
        require_quick_opening(source)
    with opened(source) as container:
        rate_hz = 0
        stream: soxr.ResampleStream | None = None
        left_seconds = math.inf if maximum_seconds is None else maximum_seconds
        for piece, piece_rate_hz in _mono(container, name_of(source)):
            left_seconds -= len(piece) / piece_rate_hz
            if left_seconds < -_ROUNDING_SECONDS:
                raise AudioTooLong(
                    f"{name_of(source)} holds more than the {maximum_seconds:g} s of audio that are taken."
                )
            if stream is None or piece_rate_hz != rate_hz:
                if stream is not None:  # the rate changed within the file: finish what came before
                    yield stream.resample_chunk(np.empty(0, np.float32), last=True)
                rate_hz = piece_rate_hz
                stream = soxr.ResampleStream(rate_hz, sample_rate_hz, 1, dtype="float32", quality="HQ")
            step = round(_RESAMPLED_AT_ONCE_SECONDS * rate_hz)
            for start in range(0, len(piece), step):
                yield stream.resample_chunk(piece[start : start + step])
        if stream is not None:
            yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _mono(container: InputContainer, name: str) -> Iterator[tuple[FloatArray, int]]:
    """The decoded samples mixed to mono, with their rate; gaps in the time stamps are filled with silence.

    Raises:
        NotAudio: no recording has such a rate, or so many channels.
    """
    mixdown, mixed = Mixdown(), None
    ends_at_seconds = 0.0
    start_seconds = (container.start_time or 0) / av.time_base
    for frame in _frames(container):
        rate_hz, channels = frame.sample_rate, frame.layout.nb_channels
        if not _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ or channels > _MOST_CHANNELS:
            raise NotAudio(f"{name} is no recording: it has {channels} channels of {rate_hz} samples a second.")
        if (now := (frame.format.name, frame.layout.name, frame.sample_rate)) != mixed:
            mixdown, mixed = Mixdown(), now  # one takes one kind of frame
        if frame.time is not None:
            gap_seconds = frame.time - start_seconds - ends_at_seconds
            if _SHORTEST_GAP_SECONDS < gap_seconds < _LONGEST_GAP_SECONDS:
                for block in silence(round(gap_seconds * frame.sample_rate)):
                    yield block, frame.sample_rate
                ends_at_seconds += gap_seconds
        ends_at_seconds += frame.samples / frame.sample_rate
        frame.pts = None
        for piece in mixdown.mono(frame):
            yield piece, frame.sample_rate


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    stream = container.streams.audio[0]
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue  # a damaged packet; the next may be whole
