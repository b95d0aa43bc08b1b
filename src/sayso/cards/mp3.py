"""MP3 files of phrases: encoding what was synthesised, and checking what was bought."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import AudioFormat, AudioWriter, decode
from sayso.errors import AudioTooLong, NotAudio
from sayso.providers.openai.errors import bad_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.types import FloatArray

_CHECKED_RATE_HZ = 24_000
_SILENCE = 1e-3
"""The amplitude under which audio is silent: -60 dBFS."""

_SHORTEST_SECONDS = 0.05
_SHORTEST_LETTER_SECONDS = 1 / 120
_LONGEST_LETTER_SECONDS = 2.0
_LONGEST_EXTRA_SECONDS = 30.0
"""The bounds of the length of a text that was spoken completely; a number may be many words."""

_FRAME_SYNC = (b"ID3", b"\xff\xe2", b"\xff\xe3", b"\xff\xf2", b"\xff\xf3", b"\xff\xfa", b"\xff\xfb")
"""How an MP3 file begins: with a tag, or with a frame of MPEG 1, 2 or 2.5, layer III."""


def encode_mp3(blocks: Iterable[FloatArray], *, sample_rate_hz: int) -> bytes:
    """The MP3 file of samples, with the header by which players remove the encoder's lead-in.

    Args:
        blocks: float32 of shape (n,).
        sample_rate_hz: their rate.
    """
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat.MP3, sample_rate_hz=sample_rate_hz) as writer:
        for block in blocks:
            writer.write(block)
    return target.getvalue()


def check_mp3(mp3: bytes, text: str) -> None:
    """Make sure that a provider's answer is an MP3 file that may hold a text; the whole of it is decoded.

    Raises:
        EngineUnavailable: it is not: no MP3, silent, much too short or too long.
    """
    if not mp3.startswith(_FRAME_SYNC):
        raise bad_response(f"{len(mp3)} bytes are no MP3 file")
    letters = sum(map(str.isalnum, text))
    longest_seconds = _LONGEST_EXTRA_SECONDS + letters * _LONGEST_LETTER_SECONDS
    try:
        audio = decode(io.BytesIO(mp3), sample_rate_hz=_CHECKED_RATE_HZ, maximum_seconds=longest_seconds)
    except (NotAudio, AudioTooLong) as error:
        raise bad_response(error.message) from error
    seconds = audio.samples.size / audio.sample_rate_hz
    if seconds < max(_SHORTEST_SECONDS, letters * _SHORTEST_LETTER_SECONDS):
        raise bad_response(f"{seconds:.2f} s of audio are too short for {letters} letters")
    if float(np.abs(audio.samples).max(initial=0.0)) < _SILENCE:
        raise bad_response("the audio is silent")
