"""Sentences that are spoken too fast for their subtitles are spoken slower."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from sayso.cache import DirectoryCache, NoCache
from sayso.narration import Document, NarrationSpec, narrate
from sayso.subtitles import StyleName, lint, parse_subtitles, style_named
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.subtitles import Violation

# The fake engine speaks about 15 characters a second at speed 1.
SENTENCE = "The lamp burned through the night and nobody in the town below knew who had lit it. "
STORY = Document(text=SENTENCE * 3, name="a", markdown=True)
OPTIONS = NarrationSpec(voice="fake_en", audio=(), subtitles=("srt",), style="netflix")


def violations(directory: Path, options: NarrationSpec) -> list[Violation]:
    return lint(parse_subtitles((directory / "a.srt").read_text()), style_named(options.style))


@pytest.mark.parametrize("style", get_args(StyleName))
@pytest.mark.parametrize("speed", [1.0, 1.5, 2.0])
def test_every_style_can_be_read_at_every_speed(tmp_path: Path, style: StyleName, speed: float) -> None:
    """Whatever speed is asked for, the subtitles that are written pass their lint."""
    options = replace(OPTIONS, style=style, speed=speed)
    narration = narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), options, tmp_path)
    assert violations(tmp_path, options) == []
    assert narration.unreadable_cues == 0


def test_slow_speech_is_left_as_it_is(tmp_path: Path) -> None:
    """Where nothing is too fast every line keeps its speed, and is spoken once."""
    engine = FakeSpeechEngine()
    narration = narrate(replace(STORY, text="It was late."), engine, SpeechCache(NoCache()), OPTIONS, tmp_path)
    assert narration.slowed_lines == 0
    assert engine.calls == 1


def test_slowing_is_reported(tmp_path: Path) -> None:
    """The narration says how many lines are slower than was asked for."""
    options = replace(OPTIONS, speed=2.0)
    assert narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), options, tmp_path).slowed_lines == 3


def test_the_speed_can_be_kept(tmp_path: Path) -> None:
    """With keep_speed nothing is slower, and the subtitles that cannot be read are counted."""
    options = replace(OPTIONS, speed=2.0, keep_speed=True)
    narration = narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), options, tmp_path)
    assert narration.slowed_lines == 0
    assert narration.unreadable_cues == len({violation.cue for violation in violations(tmp_path, options)}) > 0


def test_without_subtitles_nothing_is_slowed(tmp_path: Path) -> None:
    """Audio and JSON alone keep the speed that was asked for."""
    engine = FakeSpeechEngine()
    options = replace(OPTIONS, speed=2.0, subtitles=("json",))
    assert narrate(STORY, engine, SpeechCache(NoCache()), options, tmp_path).slowed_lines == 0


def test_only_what_is_too_fast_is_spoken_again(tmp_path: Path) -> None:
    """A line that can be read is not spoken a second time."""
    engine, cache = FakeSpeechEngine(), SpeechCache(DirectoryCache(tmp_path / "cache", maximum_bytes=10**9))
    slow_and_fast = "I am. [pause 5s]\n\nYou are. [pause 5s]\n\n" + SENTENCE
    narration = narrate(replace(STORY, text=slow_and_fast), engine, cache, replace(OPTIONS, speed=2.0), tmp_path)
    assert narration.slowed_lines == 1
    assert narration.cached_segments == 0
    again = FakeSpeechEngine()
    narrate(replace(STORY, text=slow_and_fast), again, cache, replace(OPTIONS, speed=2.0), tmp_path)
    assert again.calls == 0
