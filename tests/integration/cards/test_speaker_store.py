"""A store that takes nothing: what was bought is used, and nothing more is bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cards.speech_store import DirectorySpeechStore
from sayso.errors import OutputFailed, ServiceUnavailable
from support.cards.speakers import Options, speaking

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.testing.openai_server import OpenAIServer


async def test_nothing_is_bought_while_nothing_can_be_stored(
    database_url: str, server: OpenAIServer, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OutputFailed("No space left on device.")

    monkeypatch.setattr(DirectorySpeechStore, "put", refuse)
    async with speaking(database_url, server, store, Options(local=None)) as one:
        first = await one.speaker.speak("First", "en", job_id="j")
        again = await one.speaker.speak("First", "en", job_id="k")
        for _ in range(3):
            with pytest.raises(ServiceUnavailable, match="No space"):
                await one.speaker.speak("Second", "en", job_id="j")
        assert len(server.requests) == 1
        monkeypatch.undo()
        await one.speaker.speak("Second", "en", job_id="j")
    assert (first.is_cached, again.is_cached, again.mp3) == (False, True, first.mp3)
    async with speaking(database_url, server, store, Options(local=None)) as two:
        assert (await two.speaker.speak("First", "en", job_id="j")).is_cached
    assert len(server.requests) == 2


async def test_what_is_damaged_is_made_again(database_url: str, server: OpenAIServer, store: Path) -> None:
    async with speaking(database_url, server, store, Options(local=None)) as one:
        first = await one.speaker.speak("First", "en", job_id="j")
        (entry,) = store.rglob("*.entry")
        entry.write_bytes(entry.read_bytes()[:-10])
        again = await one.speaker.speak("First", "en", job_id="j")
        assert not again.is_cached
        assert (await one.speaker.speak("First", "en", job_id="j")).mp3 == again.mp3
    assert first.speech_key == again.speech_key
    assert len(server.requests) == 2
