"""Phrases are spoken, and each distinct text is bought or computed once."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from sayso.audio import decode
from sayso.errors import UnsupportedLanguage
from support.cards.speakers import Options, speaking

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.testing.openai_server import OpenAIServer


def bought(server: OpenAIServer) -> list[str]:
    """The texts that were answered with audio."""
    return [request.fields["input"] for request in server.requests if request.status == 200]


async def test_the_cloud_speaks_each_language_with_its_voice(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    async with speaking(database_url, server, store) as one:
        english = await one.speaker.speak("Good morning", "en", job_id="j")
        french = await one.speaker.speak("Bonjour", "fr", job_id="j")
    assert [(request.fields["voice"], request.fields["response_format"]) for request in server.requests] == [
        ("alloy", "mp3"),
        ("verse", "mp3"),
    ]
    assert {english.engine, french.engine} == {"openai"}
    assert not english.is_cached
    assert decode(io.BytesIO(english.mp3), sample_rate_hz=24_000).samples.size > 0


async def test_a_text_is_bought_once_for_all_jobs_and_workers(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """At the same time and later; by one process and by another."""
    async with speaking(database_url, server, store) as one, speaking(database_url, server, store) as two:
        spoken = await asyncio.gather(
            *(each.speaker.speak("Good morning", "en", job_id=f"j{job}") for each in (one, two) for job in range(5))
        )
    async with speaking(database_url, server, store) as three:
        later = await three.speaker.speak("Good morning", "en", job_id="later")
    assert len(bought(server)) == 1
    assert len({each.mp3 for each in (*spoken, later)}) == 1
    assert [each.is_cached for each in spoken].count(False) == 1
    assert later.is_cached


async def test_a_local_engine_speaks_without_a_key(database_url: str, server: OpenAIServer, store: Path) -> None:
    options = Options(has_cloud=False)
    async with speaking(database_url, server, store, options) as one:
        first = await one.speaker.speak("Good morning", "en", job_id="j")
        again = await one.speaker.speak("Good morning", "en", job_id="j")
    assert first.engine == "kokoro"
    assert (first.mp3, again.is_cached) == (again.mp3, True)
    assert decode(io.BytesIO(first.mp3), sample_rate_hz=24_000).samples.size > 24_000 // 2


async def test_a_language_that_no_engine_speaks_is_the_phrases_problem(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    async with speaking(database_url, server, store, Options(has_cloud=False)) as one:
        with pytest.raises(UnsupportedLanguage, match="'ja'"):
            await one.speaker.speak("おはよう", "ja", job_id="j")


async def test_a_retired_model_is_a_reason_for_the_local_engine_and_is_met_once(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    async with speaking(database_url, server, store, Options(model="tts-0")) as one:
        first = await one.speaker.speak("First", "en", job_id="j")
        others = await asyncio.gather(*(one.speaker.speak(f"Text {n}", "en", job_id="j") for n in range(20)))
    assert {each.engine for each in (first, *others)} == {"kokoro"}
    assert [request.status for request in server.requests] == [404]
    assert {failure.reason for failure in one.fallbacks} == {"model_retired"}
