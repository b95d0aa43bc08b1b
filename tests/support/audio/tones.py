"""A language of tones: words that a test can place anywhere in a recording, and recognise without a model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.stt import DEFAULT_OPTIONS, SAMPLE_RATE_HZ, EngineSegment, EngineWord, transcript_of
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.stt import Recording, Transcript, TranscriptionOptions
    from sayso.types import FloatArray

WORD_COUNT = 100
WORD_SECONDS = 0.4

_LOWEST_HZ, _STEP_HZ = 400, 60
_FRAME = SAMPLE_RATE_HZ // 50
_SHORTEST_FRAMES = 2  # a single one may hold the end of a tone and the beginning of another
_AMPLITUDE = 0.3
_HEARD = 0.02


def word(number: int) -> str:
    """The word for a tone."""
    return f"word{number:02d}"


def spoken(numbers: Sequence[int | float]) -> Audio:
    """The words, one after the other; a number with a fraction, such as 1.5, is that many seconds of silence."""
    pieces = [
        np.zeros(round(number * SAMPLE_RATE_HZ), np.float32) if isinstance(number, float) else _tone(number)
        for number in numbers
    ]
    return Audio(samples=np.concatenate(pieces), sample_rate_hz=SAMPLE_RATE_HZ)


def _tone(number: int) -> FloatArray:
    clock = np.arange(round(WORD_SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (_AMPLITUDE * np.sin(2 * np.pi * (_LOWEST_HZ + _STEP_HZ * number) * clock)).astype(np.float32)


class ToneTranscriber:
    """A `Transcriber` of the language; a word that is cut by the end of the recording counts as a whole one."""

    name = "tones"
    fingerprint = "tones 1"

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,  # noqa: ARG002 -- part of the Protocol
        **_rest: Any,
    ) -> Transcript:
        """Every maximal run of one tone is a word; after every tenth word there is a full stop."""
        samples = np.concatenate([np.empty(0, np.float32), *recording.blocks(0, recording.duration_samples)])
        words = [
            EngineWord(f" {word(number)}{'' if place % 10 else '.'}", start, end)
            for place, (number, start, end) in enumerate(_heard(samples), start=1)
        ]
        segments = [EngineSegment(tuple(words[first : first + 10])) for first in range(0, len(words), 10)]
        return transcript_of(segments, language="en", language_probability=1.0, duration_samples=len(samples))


def _heard(samples: FloatArray) -> list[tuple[int, float, float]]:
    frames = samples[: len(samples) - len(samples) % _FRAME].reshape(-1, _FRAME)
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), n=4 * _FRAME, axis=1))
    peaks_hz = spectra.argmax(axis=1) * SAMPLE_RATE_HZ / (4 * _FRAME)
    numbers = np.rint((peaks_hz - _LOWEST_HZ) / _STEP_HZ).astype(int)
    numbers[np.abs(frames).max(axis=1, initial=0.0) < _HEARD] = -1
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    return [
        (int(numbers[first]), first * _FRAME / SAMPLE_RATE_HZ, last * _FRAME / SAMPLE_RATE_HZ)
        for first, last in pairwise(edges)
        if last - first >= _SHORTEST_FRAMES and numbers[first] >= 0
    ]
