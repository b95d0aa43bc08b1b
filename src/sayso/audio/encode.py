"""Encode audio as it is made, in time with the subtitles.

Lossy encoders put a lead-in of their own before the first sample. Every format here is written so that a
player removes it: MP3 by the LAME header's gapless fields, M4A by an edit list, Opus by its pre-skip.
An ADTS stream has no field for it, so its lead-in is left out, and its first 1024 samples fade in.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast

import av

from sayso.audio.formats import ENCODINGS, AudioFormat, Encoding
from sayso.audio.packets import PacketEncoder, ParallelEncoder, SerialEncoder
from sayso.audio.silence import BLOCK_SAMPLES
from sayso.audio.tags import AudioTags
from sayso.errors import InvalidInput, OutputFailed
from sayso.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container.output import OutputContainer
    from av.packet import Packet

    from sayso.types import FloatArray


def encoder_fingerprint(audio_format: AudioFormat) -> str:
    """Changes whenever the same samples and tags would be encoded to other bytes."""
    return f"{sorted(av.library_versions.items())} {ENCODINGS[audio_format]}"


class AudioWriter:
    """A streaming encoder: write blocks of samples, then close.

    Used as a context manager: leaving the block normally finishes the file, and leaving it by an exception removes
    it. A path's file appears at its name only when it is complete. One thread at a time may use a writer; the
    encoding itself runs without the interpreter's lock, and for an MP3 file on every core.

    A stream is left open for its owner. One that cannot seek is written front to back, at a price: MP3 then
    lacks the header with its lead-in (players are 46 ms late at 24 kHz), WAV and FLAC do not
    state their length, and M4A is refused.

    Args:
        target: the file's path, or a stream open for writing bytes.
        audio_format: what to write.
        sample_rate_hz: the rate of the samples that will be written. Where the format does not know it (Opus:
            anything but 8, 12, 16, 24 and 48 kHz; MP3: over 48 kHz), the next higher rate it knows is used, or
            its highest.
        bit_rate_bps: bits per second; None for the format's own. Lossless formats ignore it.
        tags: title, language and chapters.

    Raises:
        OutputFailed: the target cannot be written; also from `write` and `close`.
        InvalidInput: the format needs a target that can seek.
    """

    def __init__(
        self,
        target: Path | BinaryIO,
        audio_format: AudioFormat,
        *,
        sample_rate_hz: int,
        bit_rate_bps: int | None = None,
        tags: AudioTags | None = None,
    ) -> None:
        self._name = str(target) if isinstance(target, Path) else getattr(target, "name", "the output")
        self._encoding = ENCODINGS[audio_format]
        with ExitStack() as stack:
            file = stack.enter_context(replacing(target)) if isinstance(target, Path) else target
            if self._encoding.needs_seeking and not file.seekable():
                raise InvalidInput(f"{audio_format.upper()} cannot be written to a pipe.", hint="Write it to a file.")
            with self._errors_translated():
                self._container = self._open(file, has_name=isinstance(target, Path))
                stream = self._add_stream(sample_rate_hz, bit_rate_bps)
                (tags or AudioTags()).apply(self._container, audio_format, sample_rate_hz=sample_rate_hz)
                self._container.start_encoding()
            self._encoder = self._packet_encoder(stream, sample_rate_hz, is_file=isinstance(target, Path))
            stack.callback(self._encoder.abandon)
            self._stack = stack.pop_all()

    def write(self, samples: FloatArray) -> None:
        """Encode float32 samples of shape (n,), nominally within ±1; what is louder is clipped."""
        with self._errors_translated():
            for start in range(0, len(samples), BLOCK_SAMPLES):  # libav takes no frame of 2 GiB
                self._mux(self._encoder.encode(samples[start : start + BLOCK_SAMPLES]))

    def close(self) -> None:
        """Write what the encoder still holds and put the file in place; the writer cannot be used afterwards."""
        with self._stack, self._errors_translated():
            self._mux(self._encoder.finish())
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._stack.__exit__(kind, error, trace)

    def _open(self, file: BinaryIO, *, has_name: bool) -> OutputContainer:
        def reopen(*_: object) -> BinaryIO:
            return Path(file.name).open("rb")

        file_options = self._encoding.file_options if has_name else {}
        stream_options = {} if file.seekable() else self._encoding.stream_options
        return av.open(
            file,
            "w",
            format=self._encoding.container,
            container_options={**self._encoding.container_options, **file_options, **stream_options},
            io_open=reopen,
        )

    def _add_stream(self, sample_rate_hz: int, bit_rate_bps: int | None) -> AudioStream:
        known_rates = av.Codec(self._encoding.codec, "w").audio_rates or [sample_rate_hz]
        higher = [rate for rate in known_rates if rate >= sample_rate_hz]
        stream = self._container.add_stream(
            self._encoding.codec,
            rate=min(higher) if higher else max(known_rates),
            options=dict(self._encoding.codec_options),
            bit_rate=bit_rate_bps or self._encoding.bit_rate_bps,
            layout="mono",
            format=self._encoding.sample_format,
        )
        return cast("AudioStream", stream)

    def _packet_encoder(self, stream: AudioStream, sample_rate_hz: int, *, is_file: bool) -> PacketEncoder:
        """Several encoders only for a file, which is read when it is complete: they give packets late."""
        if not (self._encoding.splits and is_file and stream.rate == sample_rate_hz):
            return SerialEncoder(stream, sample_rate_hz)
        return ParallelEncoder(stream, partial(_twin_of, stream, self._encoding))

    def _mux(self, packets: Iterable[Packet[AudioStream]]) -> None:
        for packet in packets:
            if self._encoding.drops_priming and packet.pts is not None and packet.pts < 0:
                continue
            self._container.mux_one(packet)

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            raise OutputFailed(f"Cannot write {self._name}: {error.strerror or error}.") from error


def _twin_of(stream: AudioStream, encoding: Encoding) -> AudioCodecContext:
    """Another encoder with the settings of a stream's own."""
    twin = cast("AudioCodecContext", av.CodecContext.create(encoding.codec, "w"))
    twin.sample_rate = stream.rate
    twin.layout = stream.layout
    twin.format = stream.format
    twin.bit_rate = stream.bit_rate
    twin.options = dict(encoding.codec_options)
    return twin
