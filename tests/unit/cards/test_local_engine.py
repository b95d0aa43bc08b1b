"""Phrases of cards while the model of the local engine is replaced: what has a model's fingerprint was made by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cache import NoCache
from sayso.cards.engines import SpeechRequest
from sayso.cards.local import LocalEngine
from sayso.cards.voices import VoiceChoice
from sayso.errors import ModelMissing
from sayso.scheduling import Scheduler
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.tts.base import SpeechEngine


def engine_of(open_engine: Callable[[], SpeechEngine]) -> LocalEngine:
    return LocalEngine(
        LocalSpeech("fake", open_engine, is_replaced=True),
        voices=VoiceChoice({}),
        cache=SpeechCache(NoCache()),
        scheduler=Scheduler(permits=1, slots=4),
    )


@pytest.mark.anyio
async def test_a_phrase_is_spoken_by_the_model_of_its_key() -> None:
    """Although it is replaced between the look-up of the key and the synthesis; the next phrase has the new one's."""
    old, new = FakeSpeechEngine(sample_rate_hz=24_000), FakeSpeechEngine(sample_rate_hz=16_000)
    now = [old]
    local = engine_of(lambda: now[0])
    voice = await local.voice("en")
    assert voice is not None
    now[0] = new
    later = await local.voice("en")
    assert later is not None
    assert (old.fingerprint in voice.fingerprint, new.fingerprint in later.fingerprint) == (True, True)
    await local.speak(SpeechRequest("A bell.", "en", voice, job_id="1"))
    assert (old.calls, new.calls) == (1, 0)
    await local.speak(SpeechRequest("A bell.", "en", later, job_id="1"))
    assert (old.calls, new.calls) == (1, 1)


@pytest.mark.anyio
async def test_a_missing_model_is_reported() -> None:
    def fail() -> SpeechEngine:
        raise ModelMissing("Not here.")

    with pytest.raises(ModelMissing):
        await engine_of(fail).voice("en")
