"""Phrases that a local engine speaks: the fake one, and Kokoro itself."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.audio import LoudnessMeter, decode
from sayso.audio.loudness_targets import STREAM_LUFS
from sayso.errors import Busy, ModelMissing
from sayso.resilience import Breaker, Link
from sayso.resilience.breaker_limits import LOCAL_ENGINE
from sayso.testing import FakeSpeechEngine
from support.cards.speakers import Options, speaking

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.cards.base import SpokenPhrase
    from sayso.testing.openai_server import OpenAIServer
    from sayso.tts.engines.kokoro import KokoroEngine

ALONE = Options(has_cloud=False)
RATE_HZ = 24_000


def seconds(spoken: SpokenPhrase) -> float:
    return decode(io.BytesIO(spoken.mp3), sample_rate_hz=RATE_HZ).samples.size / RATE_HZ


async def test_a_phrase_has_no_instructions(database_url: str, server: OpenAIServer, store: Path) -> None:
    """What would be a directive in a document is text, malformed or not."""
    async with speaking(database_url, server, store, ALONE) as one:
        plain = await one.speaker.speak("pause 50s now", "en", job_id="j")
        for text in ("[pause 50s] now", "[PAUSE 50s now", "[pause: 50s] now"):
            assert seconds(await one.speaker.speak(text, "en", job_id="j")) == pytest.approx(seconds(plain), abs=0.7)
        assert seconds(await one.speaker.speak("one [voice:bm_george] two", "en", job_id="j")) > 1


async def test_a_long_phrase_is_spoken_completely(database_url: str, server: OpenAIServer, store: Path) -> None:
    engine = FakeSpeechEngine(maximum_letters=60)
    async with speaking(database_url, server, store, replace(ALONE, local=engine)) as one:
        short = await one.speaker.speak("This sentence has some words. " * 2, "en", job_id="j")
        long = await one.speaker.speak("This sentence has some words. " * 60, "en", job_id="j")
    assert seconds(long) / seconds(short) == pytest.approx(30, rel=0.15)


async def test_equal_texts_of_many_jobs_are_computed_once(database_url: str, server: OpenAIServer, store: Path) -> None:
    engine = FakeSpeechEngine()
    async with (
        speaking(database_url, server, store, replace(ALONE, local=engine)) as one,
        speaking(database_url, server, store, replace(ALONE, local=engine)) as two,
    ):
        await asyncio.gather(
            *(each.speaker.speak("Good morning", "en", job_id=f"j{n}") for each in (one, two) for n in range(20))
        )
    assert engine.calls == 1


@pytest.mark.engine
async def test_kokoro_speaks_each_language_with_its_voice(
    database_url: str, server: OpenAIServer, store: Path, kokoro_engine: KokoroEngine
) -> None:
    phrases = {
        "en": "The quick brown fox jumps over the lazy dog, at 3.50 pounds.",
        "fr": "Le café coûte 3,50 €, n'est-ce pas ?",
        "es": "¿Dónde está la biblioteca?",
        "pt-br": "Bom dia, tudo bem?",
        "it": "Buongiorno a tutti.",
    }
    async with speaking(database_url, server, store, replace(ALONE, local=kokoro_engine)) as one:
        spoken = await asyncio.gather(*(one.speaker.speak(phrases[tag], tag, job_id="j") for tag in phrases))
        again = await asyncio.gather(*(one.speaker.speak(phrases[tag], tag, job_id="k") for tag in phrases))
    assert [each.mp3 for each in again] == [each.mp3 for each in spoken]
    assert all(each.is_cached for each in again)
    for each in spoken:
        assert 0.8 < seconds(each) < 10
    meter = LoudnessMeter(RATE_HZ)
    meter.add(decode(io.BytesIO(spoken[0].mp3), sample_rate_hz=RATE_HZ).samples)
    loudness = meter.finish()
    # The loudness of speech that is streamed, or less where its peaks would be clipped.
    assert loudness.integrated_lufs is not None
    assert STREAM_LUFS - 5 < loudness.integrated_lufs < STREAM_LUFS + 1
    assert loudness.true_peak_db < 0


@pytest.mark.engine
async def test_kokoro_takes_over_from_a_provider_whose_model_was_retired(
    database_url: str, server: OpenAIServer, store: Path, kokoro_engine: KokoroEngine
) -> None:
    options = Options(model="tts-0", local=kokoro_engine)
    async with speaking(database_url, server, store, options) as one:
        spoken = await asyncio.gather(
            *(one.speaker.speak(f"Card number {n}.", "en", job_id=f"j{n % 3}") for n in range(12))
        )
    assert {each.engine for each in spoken} == {"kokoro"}
    assert len({each.mp3 for each in spoken}) == 12


async def test_a_missing_model_is_no_fault_of_the_job(database_url: str, server: OpenAIServer, store: Path) -> None:
    class Missing:
        async def voice(self, _language: str) -> None:
            raise ModelMissing("The model is missing.", hint="Run: sayso models pull")

        def check(self) -> None: ...

        async def speak(self, _request: object) -> bytes:
            raise NotImplementedError

    async with speaking(database_url, server, store, Options(has_cloud=False, local=None)) as one:
        one.speaker._engines = (Link(name="kokoro", engine=Missing(), breaker=Breaker(LOCAL_ENGINE)),)
        with pytest.raises(Busy, match="model is missing"):
            await one.speaker.speak("Good morning", "en", job_id="j")
