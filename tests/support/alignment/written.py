"""A recording whose samples say which phone sounds, and a phoneme model that reads them.

Each phone is 80 ms: its code is the samples' value, but for one frame of 10 ms all are blanks to the model, as with a
real one. Silence is zeros.
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sayso.alignment import SAMPLE_RATE_HZ, HeardWord, InMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import FloatArray

_LETTERS = "abdefghijklmnopqrstuvwxyz"
_FRAME = 160
_PHONE_FRAMES = 8
_SPIKE_FRAME = 5  # where a real model's spike is: 50 ms after the start
_UNLIT = 0.4
_SCALE = 1 / 256


class WrittenModel:
    """Reads `Writer`'s recordings: each letter is a phone."""

    name = "written"
    symbols: ClassVar[dict[str, int]] = {letter: column for column, letter in enumerate(_LETTERS)}
    blank = len(_LETTERS)
    word_boundary = None
    frame_samples = _FRAME

    def log_probabilities(self, samples: FloatArray) -> FloatArray:
        """See `PhonemeModel.log_probabilities`."""
        frames = len(samples) // _FRAME
        codes = np.rint(samples[: frames * _FRAME].reshape(frames, _FRAME)[:, _FRAME // 2] / _SCALE).astype(int)
        rows = np.full((frames, self.blank + 1), np.log(0.001), np.float32)
        rows[:, self.blank] = np.log(0.97)
        for frame in np.flatnonzero((codes > 0) & (codes <= len(_LETTERS))):
            rows[frame, self.blank] = np.log(0.001)
            rows[frame, codes[frame] - 1] = np.log(0.97)
        return rows


class LetterPronouncer:
    """Each word is pronounced as it is written, with the letters that the model has."""

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """See `Pronouncer.pronounce`."""
        del language
        return ["".join(letter for letter in word.lower() if letter in _LETTERS) for word in words]


class Writer:
    """Writes a recording word by word, and remembers when each is spoken."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float, float]] = []
        self._samples: list[FloatArray] = []
        self._length = 0

    @property
    def seconds(self) -> float:
        """The length so far."""
        return self._length / SAMPLE_RATE_HZ

    def say(self, text: str, pause_seconds: float = 0.05) -> Writer:
        """Speak the words of a text, with a pause after each."""
        for word in text.split():
            start = self.seconds
            for letter in word.lower():
                if letter in _LETTERS:
                    self._append(_phone(1 + _LETTERS.index(letter)))
            self.times.append((word, start, self.seconds))
            self.pause(pause_seconds)
        return self

    def pause(self, seconds: float) -> Writer:
        """Be silent."""
        self._append(np.zeros(round(seconds * 100) * _FRAME, np.float32))
        return self

    @property
    def recording(self) -> InMemory:
        """What was spoken so far."""
        return InMemory(samples=np.concatenate(self._samples))

    @property
    def wav(self) -> bytes:
        """The same as a file."""
        target = io.BytesIO()
        with wave.open(target, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(np.rint(self.recording.samples * 32768).astype("<i2").tobytes())
        return target.getvalue()

    def heard(self, *, late_seconds: float = 0.15, wrong: Sequence[int] = ()) -> list[HeardWord]:
        """A transcription with times that are late, and with some words misheard."""
        return [
            HeardWord("pardon" if number in wrong else word.strip(".,"), start + late_seconds, end + late_seconds)
            for number, (word, start, end) in enumerate(self.times)
        ]

    def _append(self, samples: FloatArray) -> None:
        self._samples.append(samples)
        self._length += len(samples)


def _phone(code: int) -> FloatArray:
    """80 ms that sound, of which the model hears one frame."""
    samples = np.full((_PHONE_FRAMES, _FRAME), _UNLIT, np.float32)
    samples[:, ::2] *= -1  # so that it sounds
    samples[:, _FRAME // 2] = _UNLIT
    samples[_SPIKE_FRAME, _FRAME // 2] = code * _SCALE
    return samples.reshape(-1)
