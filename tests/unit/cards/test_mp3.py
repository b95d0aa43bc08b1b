"""What is encoded, and what is accepted as an answer."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import AudioFormat, AudioWriter, decode
from sayso.cards.mp3 import check_mp3, encode_mp3
from sayso.errors import EngineUnavailable

if TYPE_CHECKING:
    from sayso.types import FloatArray

RATE_HZ = 24_000


def tone(seconds: float, amplitude: float = 0.3) -> FloatArray:
    clock = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(amplitude * np.sin(2 * np.pi * 440 * clock), np.float32)


def wav(samples: FloatArray) -> bytes:
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat.WAV, sample_rate_hz=RATE_HZ) as writer:
        writer.write(samples)
    return target.getvalue()


def test_an_mp3_file_is_as_long_as_its_samples() -> None:
    mp3 = encode_mp3([tone(0.5), tone(0.7)], sample_rate_hz=RATE_HZ)
    audio = decode(io.BytesIO(mp3), sample_rate_hz=RATE_HZ)
    assert audio.samples.size == pytest.approx(1.2 * RATE_HZ, abs=50)
    check_mp3(mp3, "Good morning")


@pytest.mark.parametrize(
    ("answer", "text", "problem"),
    [
        (b"", "Hello", "no MP3"),
        (b"<html></html>", "Hello", "no MP3"),
        (b"ID3" + b"\0" * 500, "Hello", "cannot be used"),
        (b"\xff\xfb" + b"\x90" * 3000, "Hello", "cannot be used"),
        (wav(tone(1)), "Hello", "no MP3"),
        (encode_mp3([tone(1, amplitude=0)], sample_rate_hz=RATE_HZ), "Hello", "silent"),
        (encode_mp3([tone(0.5)], sample_rate_hz=RATE_HZ), "Hello " * 50, "too short for 250 letters"),
        (encode_mp3([tone(45)], sample_rate_hz=RATE_HZ), "Hello", "holds more than"),
    ],
)
def test_an_answer_that_cannot_be_the_speech_of_the_text_is_refused(answer: bytes, text: str, problem: str) -> None:
    with pytest.raises(EngineUnavailable, match=problem) as caught:
        check_mp3(answer, text)
    assert caught.value.reason == "bad_response"
