"""A fake speech engine and fake phonemes: instantaneous, exact and deterministic."""

from __future__ import annotations

import os
import signal
import threading
import zlib
from typing import TYPE_CHECKING

import numpy as np

from sayso.errors import EngineFailed, UnsupportedLanguage, UtteranceTooLong
from sayso.tts.errors import require_speed, unknown_voice
from sayso.types import Audio, Boundary, Speech, TokenTime, Voice

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sayso.types import FloatArray, Token, Utterance

# At speed 1, in seconds.
_LETTER_SECONDS = 0.06
_PAUSE_SECONDS = {Boundary.NONE: 0.02, Boundary.CLAUSE: 0.2, Boundary.SENTENCE: 0.4, Boundary.PARAGRAPH: 0.4}
_EDGE_SECONDS = 0.25

_AMPLITUDE = 0.25
_LANGUAGES = frozenset({"en", "fr"})


class FakeSpeechEngine:
    """See `sayso.tts.base.SpeechEngine`; each word is a tone, with silence around it.

    The length of a word is proportional to its letters and digits; a word without any has length 0. Its pitch depends
    on the word and the voice. Threads may share it; the lock guards the count of calls.

    Attributes:
        calls: the number of calls of `synthesise`, including failures.
    """

    name = "fake"

    def __init__(
        self,
        *,
        voices: Sequence[Voice] = (
            Voice(name="fake_en", language="en-us", engine="fake"),
            Voice(name="fake_fr", language="fr-fr", engine="fake"),
        ),
        sample_rate_hz: int = 24_000,
        maximum_letters: int = 510,
        failing_calls: Collection[int] = (),
        timed: bool = True,
        workers: int = 2,
        deadly: str | None = None,
    ) -> None:
        """Configure its behaviour.

        Args:
            voices: its voices.
            sample_rate_hz: the rate of its audio.
            maximum_letters: an utterance with more letters and digits is too long.
            failing_calls: the calls that raise `EngineFailed`, counted from 1.
            timed: whether its speech has times.
            workers: the number of concurrent calls that it claims to support well.
            deadly: a word at which it kills its process, as running out of memory does; None for no such word.
        """
        self.sample_rate_hz = sample_rate_hz
        self.workers = workers
        self.fingerprint = f"fake 1 {sample_rate_hz} {maximum_letters} {timed}"
        self.calls = 0
        self._voices = {voice.name: voice for voice in voices}
        self._maximum_letters = maximum_letters
        self._failing_calls = frozenset(failing_calls)
        self._deadly = deadly
        self.has_times = self._timed = timed
        self._lock = threading.Lock()

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return list(self._voices.values())

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`."""
        if voice not in self._voices:
            raise unknown_voice(voice, list(self._voices), engine="fake")
        return self._voices[voice].language

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        with self._lock:
            self.calls += 1
            call = self.calls
        if call in self._failing_calls:
            raise EngineFailed(f"The fake engine fails at call {call}")
        if any(token.spoken == self._deadly for token in utterance.tokens):
            os.kill(os.getpid(), signal.SIGKILL)
        require_speed(speed)
        self.language_of(voice)
        if utterance.language.lower().partition("-")[0] not in _LANGUAGES:
            raise UnsupportedLanguage(f"The fake engine does not speak {utterance.language!r}")
        letters = sum(_letters(token) for token in utterance.tokens)
        if letters > self._maximum_letters:
            raise UtteranceTooLong(f"{letters} letters are more than the fake engine's {self._maximum_letters}")
        samples, times = self._hum(utterance, voice, speed)
        audio = Audio(samples=samples, sample_rate_hz=self.sample_rate_hz)
        return Speech(audio=audio, times=tuple(times) if self._timed else None)

    def _hum(self, utterance: Utterance, voice: str, speed: float) -> tuple[FloatArray, list[TokenTime]]:
        pieces, times = [self._silence(_EDGE_SECONDS / speed)], []
        clock = pieces[0].size
        for token in utterance.tokens:
            tone = self._tone(token, voice, _letters(token) * _LETTER_SECONDS / speed)
            pause = self._silence(_PAUSE_SECONDS[token.boundary] / speed)
            times.append(TokenTime(start_sample=clock, end_sample=clock + tone.size))
            pieces += [tone, pause]
            clock += tone.size + pause.size
        pieces.append(self._silence(_EDGE_SECONDS / speed))
        return np.concatenate(pieces), times

    def _tone(self, token: Token, voice: str, seconds: float) -> FloatArray:
        frequency_hz = 200 + zlib.crc32(f"{voice} {token.spoken}".encode()) % 600
        clock = np.arange(round(seconds * self.sample_rate_hz)) / self.sample_rate_hz
        return np.asarray(_AMPLITUDE * np.cos(2 * np.pi * frequency_hz * clock), np.float32)

    def _silence(self, seconds: float) -> FloatArray:
        return np.zeros(round(seconds * self.sample_rate_hz), np.float32)


def _letters(token: Token) -> int:
    return sum(character.isalnum() for character in token.spoken)


class FakeG2P:
    """See `sayso.tts.base.G2P`; each word is pronounced as its lower-case Latin letters."""

    fingerprint = "fake g2p 1"

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """See `G2P.pronounce`; it supports English and French."""
        if language.lower().partition("-")[0] not in _LANGUAGES:
            raise UnsupportedLanguage(f"The fake phonemes do not know {language!r}")
        return ["".join(filter(_is_latin, word.lower())) for word in words]


def _is_latin(letter: str) -> bool:
    return "a" <= letter <= "z"
