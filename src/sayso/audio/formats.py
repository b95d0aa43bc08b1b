"""The audio formats Sayso writes, and how each is encoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class AudioFormat(StrEnum):
    """A format of audio file; the value is the suffix without its dot.

    ``AAC`` is the bare ADTS stream, ``M4A`` the same codec in an MP4 file; ``OPUS`` is Opus in Ogg.
    """

    MP3 = "mp3"
    WAV = "wav"
    FLAC = "flac"
    OPUS = "opus"
    AAC = "aac"
    M4A = "m4a"

    @property
    def is_lossless(self) -> bool:
        """Whether a decoder gives back the samples that were written."""
        return self in {AudioFormat.WAV, AudioFormat.FLAC}

    @classmethod
    def of(cls, path: Path) -> AudioFormat:
        """The format that a file's suffix asks for.

        Raises:
            InvalidInput: no format has this suffix.
        """
        suffix = path.suffix.lower().removeprefix(".")
        try:
            return cls(_ALIASES.get(suffix, suffix))
        except ValueError:
            known = ", ".join(f".{known}" for known in cls)
            raise InvalidInput(
                f"“{path.name}” does not say which audio format it is.", hint=f"Use one of {known}."
            ) from None


_ALIASES = {"ogg": "opus", "mp4": "m4a", "m4b": "m4a", "wave": "wav"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """The parameters for libav.

    Attributes:
        codec: the encoder.
        container: the muxer.
        sample_format: the samples the encoder takes.
        bit_rate_bps: bits per second where the caller names none; 0 for lossless formats.
        codec_options: the encoder's options.
        container_options: the muxer's options.
        file_options: the muxer's options for a file, which it can open again by its name.
        stream_options: the muxer's options for a stream, which is heard while it is written.
        splits: True when packets do not refer to one another, so that parts may be encoded separately.
        needs_seeking: True when the file cannot be written front to back.
        drops_priming: True when the format has no field for the length of the encoder's lead-in, so that the packets
            that hold it are left out.
    """

    codec: str
    container: str
    sample_format: str
    bit_rate_bps: int = 0
    codec_options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)
    file_options: Mapping[str, str] = field(default_factory=dict)
    stream_options: Mapping[str, str] = field(default_factory=dict)
    splits: bool = False
    needs_seeking: bool = False
    drops_priming: bool = False


# The bit rates are for one voice at 22 to 24 kHz. On speech, LAME's quality 7 is 1.6 times as fast as its default, the
# AAC encoder's fast search twice, and Opus's transform coder at complexity 5 four times as fast as its voice coder.
ENCODINGS: Mapping[AudioFormat, Encoding] = {
    AudioFormat.MP3: Encoding(
        codec="libmp3lame",
        container="mp3",
        sample_format="fltp",
        bit_rate_bps=64_000,
        codec_options={"compression_level": "7", "reservoir": "0"},
        splits=True,
    ),
    AudioFormat.WAV: Encoding(codec="pcm_s16le", container="wav", sample_format="s16"),
    AudioFormat.FLAC: Encoding(codec="flac", container="flac", sample_format="s16"),
    AudioFormat.OPUS: Encoding(
        codec="libopus",
        container="ogg",
        sample_format="flt",
        bit_rate_bps=32_000,
        codec_options={"application": "audio", "compression_level": "5"},
        file_options={"fflags": "+bitexact"},  # no random serial number: the same input gives the same file
        stream_options={"page_duration": "100000"},  # microseconds; a page of a second would keep what is there back
    ),
    AudioFormat.AAC: Encoding(
        codec="aac",
        container="adts",
        sample_format="fltp",
        bit_rate_bps=64_000,
        codec_options={"aac_coder": "fast"},
        file_options={"write_id3v2": "1"},  # a stream is bare ADTS
        drops_priming=True,
    ),
    AudioFormat.M4A: Encoding(
        codec="aac",
        container="ipod",
        sample_format="fltp",
        bit_rate_bps=64_000,
        codec_options={"aac_coder": "fast"},
        file_options={"movflags": "+faststart"},  # the index first: a browser can play before it has the whole file
        needs_seeking=True,
    ),
}
