"""What a process that tells stories makes sure of before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.process import Process
from sayso.bootstrap.stories import StoriesOpener
from sayso.cache import NoCache
from sayso.errors import InvalidInput, UnknownVoice
from sayso.scheduling import Scheduler
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from sayso.types import Voice

if TYPE_CHECKING:
    from pathlib import Path

QUEUE_URL = "http://127.0.0.1:1/queue"


def opener(directory: Path, *, voice: str, queue_url: str | None = QUEUE_URL) -> StoriesOpener:
    second = FakeSpeechEngine(voices=[Voice(name="second_en", language="en-us", engine="second")])
    return StoriesOpener(
        Settings(queue_url=queue_url, database_url=None, kokoro_voice=voice, data_dir=directory),
        process=Process(),
        sources=[LocalSpeech("fake", FakeSpeechEngine), LocalSpeech("second", lambda: second)],
        scheduler=Scheduler(permits=1, slots=1),
        cache=SpeechCache(NoCache()),
    )


@pytest.mark.parametrize("voice", ["fake_en", "second_en"])
def test_the_default_voice_may_be_any_engines(tmp_path: Path, voice: str) -> None:
    """A process starts with whatever voice its stories could name."""
    opener(tmp_path, voice=voice).service()


def test_a_default_voice_that_nobody_has_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not each story fails, but the start."""
    with pytest.raises(UnknownVoice):
        opener(tmp_path, voice="nobody").service()


def test_stories_must_come_from_somewhere(tmp_path: Path) -> None:
    """A process with neither a queue nor a database says what is missing."""
    with pytest.raises(InvalidInput, match="no queue of stories"):
        opener(tmp_path, voice="fake_en", queue_url=None).service()
