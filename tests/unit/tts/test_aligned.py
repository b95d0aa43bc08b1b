"""Engines without word times get those of the aligner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.alignment import Aligner
from sayso.cache import NoCache
from sayso.errors import UnsupportedLanguage
from sayso.scheduling import UNBOUNDED
from sayso.testing import FakeSpeechEngine
from sayso.tts.aligned import AligningEngine
from sayso.tts.base import gives_times
from sayso.tts.cache import SpeechCache, _pack, _unpack
from sayso.tts.synthesis import speak
from sayso.types import Audio, Span, Speech, Token, Utterance
from support.alignment.written import LetterPronouncer, Writer, WrittenModel

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = ["the", "ferry", "leaves", "the", "harbour", "early"]


def utterance() -> Utterance:
    tokens = [Token(spoken=word, span=Span(start=10 * at, end=10 * at + 1)) for at, word in enumerate(WORDS)]
    return Utterance(tokens=tuple(tokens), language="en-us")


class Reader(FakeSpeechEngine):
    """Speaks what `WrittenModel` reads, and gives no times; or hums."""

    def __init__(self, *, hums: bool = False) -> None:
        super().__init__(sample_rate_hz=16_000, timed=False)
        self._hums = hums

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        if self._hums:
            return super().synthesise(utterance, voice=voice, speed=speed)
        text = " ".join(token.spoken for token in utterance.tokens)
        return Speech(audio=Audio(samples=written(text).recording.samples, sample_rate_hz=16_000), times=None)


def written(text: str) -> Writer:
    return Writer().pause(0.3).say(text).pause(0.3)


def aligning(engine: FakeSpeechEngine, pronouncer: LetterPronouncer | None = None) -> AligningEngine:
    return AligningEngine(engine, Aligner(WrittenModel(), pronouncer or LetterPronouncer()), UNBOUNDED)


def test_each_token_gets_its_time() -> None:
    """In order, and within the audio; the times are said to be an aligner's."""
    speech = aligning(Reader()).synthesise(utterance(), voice="fake_en", speed=1.0)
    assert speech.times is not None
    assert speech.is_aligned
    truth = [start for _, start, _ in written(" ".join(WORDS)).times]
    assert [time.start_sample / 16_000 for time in speech.times] == pytest.approx(truth, abs=0.03)
    edges = [edge for time in speech.times for edge in (time.start_sample, time.end_sample)]
    assert edges == sorted(edges)
    assert edges[-1] <= speech.audio.samples.size


def test_sound_without_the_text_stays_without_times() -> None:
    """So its times are naive, and said to be."""
    (spoken,) = speak(utterance(), aligning(Reader(hums=True)), SpeechCache(NoCache()), voice="fake_en", speed=1.0)
    assert spoken.timing == "naive"
    (spoken,) = speak(utterance(), aligning(Reader()), SpeechCache(NoCache()), voice="fake_en", speed=1.0)
    assert spoken.timing == "aligned"


def test_the_engine_s_own_times_are_kept() -> None:
    """They are exact."""
    engine = FakeSpeechEngine()
    assert gives_times(engine)
    assert not gives_times(Reader())
    own = engine.synthesise(utterance(), voice="fake_en", speed=1.0)
    speech = aligning(engine).synthesise(utterance(), voice="fake_en", speed=1.0)
    assert (speech.times, speech.is_aligned) == (own.times, False)


def test_a_language_without_phonemes_stays_without_times() -> None:
    """A cloud speaks more languages than espeak-ng."""

    class Deaf(LetterPronouncer):
        def pronounce(self, words: Sequence[str], language: str) -> list[str]:
            raise UnsupportedLanguage(f"not {language} for {len(words)} words")

    speech = aligning(Reader(), Deaf()).synthesise(utterance(), voice="fake_en", speed=1.0)
    assert speech.times is None


def test_the_cache_keeps_the_origin_of_times() -> None:
    """And speech with and without the aligner are different entries."""
    engine = Reader()
    assert aligning(engine).fingerprint != engine.fingerprint
    speech = aligning(engine).synthesise(utterance(), voice="fake_en", speed=1.0)
    assert _unpack(_pack(speech)).is_aligned
    plain = Speech(audio=Audio(samples=np.zeros(10, np.float32), sample_rate_hz=16_000), times=None)
    assert not _unpack(_pack(plain)).is_aligned
