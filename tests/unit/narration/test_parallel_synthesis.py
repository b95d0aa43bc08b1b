"""Lines spoken in parallel come out in order, once, and no further than is needed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from sayso.cache import DirectoryCache, NoCache
from sayso.errors import EngineFailed
from sayso.narration import parallel_synthesis
from sayso.narration.parallel_synthesis import LINES_AHEAD_PER_WORKER, render
from sayso.testing import FakeSpeechEngine
from sayso.tts import synthesis
from sayso.tts.cache import SpeechCache, speech_key
from sayso.types import Script, ScriptLine, Span, Token, Utterance

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.types import Speech


def script(*words: str) -> Script:
    lines = []
    position = 0
    for word in words:
        token = Token(spoken=word, span=Span(start=position, end=position + len(word)))
        utterance = Utterance(tokens=(token,), language="en-us")
        lines.append(ScriptLine(utterance=utterance, voice="fake_en", pause_after_seconds=0.3))
        position += len(word) + 1
    return Script(text=" ".join(words), language="en-us", lines=tuple(lines))


class SlowEngine(FakeSpeechEngine):
    """Takes longest for the first calls, and remembers how many were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self._counting = threading.Lock()
        self.at_once = 0
        self.most_at_once = 0

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        with self._counting:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(max(0.0, 0.03 - 0.005 * self.calls))
        try:
            return super().synthesise(utterance, voice=voice, speed=speed)
        finally:
            with self._counting:
                self.at_once -= 1


SPEEDS = [1.0] * 30
WORDS = [f"word{number}" for number in range(30)]


def spoken_words(script: Script, engine: FakeSpeechEngine, workers: int) -> list[str]:
    return [
        token.spoken
        for _, parts in render(script, engine, SpeechCache(NoCache()), speeds=SPEEDS, workers=workers)
        for part in parts
        for token in part.tokens
    ]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_lines_come_in_order(workers: int) -> None:
    """However many lines are spoken at once, and whichever is ready first, they come out as written."""
    engine = SlowEngine()
    assert spoken_words(script(*WORDS), engine, workers) == WORDS
    assert engine.most_at_once <= workers


def test_only_a_window_is_under_way() -> None:
    """A caller who takes one line has at most a window of lines spoken ahead, not the whole document."""
    engine = FakeSpeechEngine()
    lines = render(script(*WORDS), engine, SpeechCache(NoCache()), speeds=SPEEDS, workers=2)
    next(lines)
    time.sleep(0.1)
    assert engine.calls <= 2 * LINES_AHEAD_PER_WORKER + 1
    lines.close()


def test_stopping_early_ends_every_thread() -> None:
    """A caller who stops leaves no thread behind."""
    lines = render(script(*WORDS), FakeSpeechEngine(), SpeechCache(NoCache()), speeds=SPEEDS, workers=3)
    next(lines)
    lines.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("speak")]


def test_the_same_line_twice_is_spoken_once(tmp_path: Path) -> None:
    """A line that is repeated while the first is still being spoken waits for it, and keeps its own place."""
    engine, cache = SlowEngine(), SpeechCache(DirectoryCache(tmp_path, maximum_bytes=10**9))
    lines = list(render(script("hello", "hello", "hello"), engine, cache, speeds=SPEEDS[:3], workers=3))
    assert engine.calls == 1
    assert [part.tokens for _, parts in lines for part in parts] == [line.utterance.tokens for line, _ in lines]


def test_a_failure_comes_after_the_lines_before_it() -> None:
    """The lines before a failure are handed out, then its error; nothing is skipped."""
    engine = FakeSpeechEngine(failing_calls=[3])
    lines = render(script(*WORDS), engine, SpeechCache(NoCache()), speeds=SPEEDS, workers=1)
    assert [next(lines)[0].utterance.tokens[0].spoken for _ in range(2)] == WORDS[:2]
    with pytest.raises(EngineFailed):
        next(lines)


def test_the_key_of_a_line_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a digest of everything in the line: what looks for twins hands it on to what looks into the cache."""
    keys = []

    def counted(*args: Any, **kwargs: Any) -> str:
        keys.append(speech_key(*args, **kwargs))
        return keys[-1]

    monkeypatch.setattr(parallel_synthesis, "speech_key", counted)
    monkeypatch.setattr(synthesis, "speech_key", counted)
    engine, cache = FakeSpeechEngine(), SpeechCache(NoCache())
    list(render(script(*WORDS), engine, cache, speeds=SPEEDS, workers=2))
    assert len(keys) == len(set(keys)) == len(WORDS)
