"""From samples to encoded packets: with one encoder, or with several that share the work."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from sayso.audio.frames import frame_of
from sayso.machine import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.packet import Packet

    from sayso.types import FloatArray

    Packets: TypeAlias = list[Packet[AudioStream]]

_CHUNK_SECONDS = 20.0
# The frames that an encoder that starts in the middle gets before the packets that count, and after them. LAME's
# output depends on at most 4 earlier frames, and its packets are less than 3 frames late.
_LEAD_FRAMES = 8
_TAIL_FRAMES = 3


class PacketEncoder(Protocol):
    """Samples in, packets out, in order, at times of its choosing."""

    def encode(self, samples: FloatArray) -> Iterable[Packet[AudioStream]]:
        """Take float32 samples of shape (n,), n at least 1; give the packets that are ready."""
        ...

    def finish(self) -> Iterable[Packet[AudioStream]]:
        """Give the rest."""
        ...

    def abandon(self) -> None:
        """Free all resources; nothing is called afterwards."""
        ...


class SerialEncoder:
    """The stream's own encoder, on the caller's thread."""

    def __init__(self, stream: AudioStream, sample_rate_hz: int) -> None:
        self._stream = stream
        self._sample_rate_hz = sample_rate_hz
        self._taken_samples = 0

    def encode(self, samples: FloatArray) -> Iterable[Packet[AudioStream]]:
        """See `PacketEncoder.encode`."""
        frame = frame_of(samples, self._sample_rate_hz, start=self._taken_samples)
        self._taken_samples += len(samples)
        return self._stream.encode(frame)

    def finish(self) -> Iterable[Packet[AudioStream]]:
        """See `PacketEncoder.finish`."""
        return self._stream.encode(None)

    def abandon(self) -> None:
        """See `PacketEncoder.abandon`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chunk:
    """Samples for an encoder of their own, and which of its packets count: those after ``lead``, ``count`` of them."""

    samples: FloatArray
    start_sample: int
    lead: int
    count: int | None


class ParallelEncoder:
    """Encoders that take a chunk each, on a thread for every core.

    It serves codecs whose packets do not refer to one another, which hold a fixed number of samples each: MP3 without
    its bit reservoir. Each encoder starts a little before its chunk and ends a little after it, so that the packets
    that are kept are those that one encoder would have made of the whole. Chunks in memory are bounded.

    Args:
        stream: where the packets belong.
        open_encoder: makes an encoder with the stream's settings.
    """

    def __init__(self, stream: AudioStream, open_encoder: Callable[[], AudioCodecContext]) -> None:
        self._stream = stream
        self._open_encoder = open_encoder
        self._frame_samples = stream.frame_size
        self._chunk_frames = max(1, round(_CHUNK_SECONDS * stream.rate / self._frame_samples))
        self._threads = processors()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="encode")
        self._pending: deque[Future[Packets]] = deque()
        self._held: list[FloatArray] = []
        self._held_start = 0
        self._held_end = 0
        self._next_frame = 0

    def encode(self, samples: FloatArray) -> Iterator[Packet[AudioStream]]:
        """See `PacketEncoder.encode`."""
        self._held.append(samples)
        self._held_end += len(samples)
        while self._held_end >= (self._next_frame + self._chunk_frames + _TAIL_FRAMES) * self._frame_samples:
            self._submit(self._chunk_frames)
            if len(self._pending) > 2 * self._threads:
                yield from self._pending.popleft().result()

    def finish(self) -> Iterator[Packet[AudioStream]]:
        """See `PacketEncoder.finish`."""
        self._submit(None)
        while self._pending:
            yield from self._pending.popleft().result()
        self._pool.shutdown()

    def abandon(self) -> None:
        """See `PacketEncoder.abandon`."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, frames: int | None) -> None:
        """Hand out the next ``frames`` frames, or the rest, and drop the samples that no later chunk needs."""
        held = np.concatenate([np.empty(0, np.float32), *self._held])
        lead = min(_LEAD_FRAMES, self._next_frame)
        start = (self._next_frame - lead) * self._frame_samples
        end = None if frames is None else (self._next_frame + frames + _TAIL_FRAMES) * self._frame_samples
        samples = held[start - self._held_start : end and end - self._held_start]
        chunk = _Chunk(samples=samples, start_sample=start, lead=lead, count=frames)
        self._pending.append(self._pool.submit(self._encode_chunk, chunk))
        self._next_frame += frames or 0
        needed_from = max(0, self._next_frame - _LEAD_FRAMES) * self._frame_samples
        self._held = [held[needed_from - self._held_start :]]
        self._held_start = needed_from

    def _encode_chunk(self, chunk: _Chunk) -> Packets:
        encoder = self._open_encoder()
        made = encoder.encode(frame_of(chunk.samples, self._stream.rate, start=0)) if len(chunk.samples) else []
        made += encoder.encode(None)
        kept = made[chunk.lead :] if chunk.count is None else made[chunk.lead : chunk.lead + chunk.count]
        for packet in kept:
            packet.stream = self._stream
            packet.pts = packet.dts = (packet.pts or 0) + chunk.start_sample
        return kept
