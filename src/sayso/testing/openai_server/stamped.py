"""``/v1/audio/speech`` without synthesis: the same sound for every text, with a tag that identifies the text."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np

from sayso.audio import AudioFormat, AudioWriter
from sayso.testing.openai_server.envelope import Refused, refusal
from sayso.testing.openai_server.speech import SAMPLE_RATE_HZ, checked_fields

_SECONDS = 2.0
_FREQUENCY_HZ = 440.0
_AMPLITUDE = 0.25

_MARK = b"TXXX"
_NAME = b"stamp\0"
_DIGEST_CHARACTERS = 64


class StampedSpeech:
    """Answers at once, so that a benchmark measures its client alone; any thread may use it.

    The sound has two seconds. Its file begins with an ID3 tag that holds the `stamp` of the request.
    """

    def __init__(self) -> None:
        clock = np.arange(round(_SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        tone = _AMPLITUDE * np.cos(2 * np.pi * _FREQUENCY_HZ * clock)
        target = io.BytesIO()
        with AudioWriter(target, AudioFormat.MP3, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
            writer.write(tone.astype(np.float32))
        self._sound = target.getvalue()

    def answer(self, fields: dict[str, Any]) -> tuple[bytes, str]:
        """The body and its media type.

        Raises:
            Refused: as OpenAI would, and for every format but MP3.
        """
        text, voice, wanted, _speed = checked_fields(fields)
        if wanted != "mp3":
            raise Refused(refusal(400, "Only mp3 is stamped.", param="response_format"))
        return _tag(stamp(text, voice=voice)) + self._sound, "audio/mpeg"


def stamp(text: str, *, voice: str) -> str:
    """64 hexadecimal digits that stand for a text and the voice that speaks it."""
    return hashlib.sha256(f"{voice}\0{text}".encode()).hexdigest()


def stamp_of(mp3: bytes) -> str | None:
    """The stamp of a file; None if it has none, or is not whole as far as its tag says."""
    start = mp3.find(_MARK, 0, 64)
    if start < 0:
        return None
    place = mp3.find(_NAME, start) + len(_NAME)
    digest = mp3[place : place + _DIGEST_CHARACTERS].decode("latin-1")
    return digest if len(digest) == _DIGEST_CHARACTERS else None


def _tag(value: str) -> bytes:
    """An ID3 tag, version 2.3, with one text."""
    content = b"\0" + _NAME + value.encode("latin-1")  # the first byte: the text is in Latin-1
    frame = _MARK + len(content).to_bytes(4, "big") + b"\0\0" + content
    size = len(frame)
    # Seven bits to a byte: see "Overview" at id3.org/id3v2.3.0.
    return b"ID3\x03\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frame
