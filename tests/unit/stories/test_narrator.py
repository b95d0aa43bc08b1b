"""A story whose model is replaced while it is narrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.cache import DirectoryCache
from sayso.narration import NarrationSpec
from sayso.scheduling import UNBOUNDED
from sayso.stories import Narrator
from sayso.stories.messages import Story
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from support.stories.parts import refuse

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.types import Speech, Utterance

TEXT = "It was late.\n\nThe keeper lit the lamp.\n\nThen the rain began."


class Replaced(FakeSpeechEngine):
    """One in whose place another engine is from its first utterance on."""

    def __init__(self, now: list[FakeSpeechEngine], following: FakeSpeechEngine) -> None:
        super().__init__(sample_rate_hz=24_000, workers=1)
        self._now, self._following = now, following

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        self._now[0] = self._following
        return super().synthesise(utterance, voice=voice, speed=speed)


def test_a_story_ends_with_the_model_that_it_began_with(tmp_path: Path) -> None:
    """The next story has the new one, and finds nothing of the old one in the cache."""
    now: list[FakeSpeechEngine] = []
    new = FakeSpeechEngine(sample_rate_hz=16_000)
    old = Replaced(now, new)
    now.append(old)
    narrator = Narrator(
        sources=[LocalSpeech("fake", lambda: now[0], is_replaced=True)],
        cache=SpeechCache(DirectoryCache(tmp_path / "cache", maximum_bytes=2**30)),
        voice="fake_en",
        fetch=refuse,
    )
    story = Story(spec=NarrationSpec(), text=TEXT, outputs=())
    (tmp_path / "out").mkdir()
    first = narrator.make(story, tmp_path / "out", UNBOUNDED, lambda _progress: None)
    calls = old.calls
    assert (calls > 1, new.calls) == (True, 0)
    narrator.make(story, tmp_path / "out", UNBOUNDED, lambda _progress: None)
    assert (old.calls, new.calls) == (calls, calls)
    assert first.audio_seconds > 0
