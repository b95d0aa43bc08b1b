"""Stream speech while it is synthesised, for a listener who waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import silence
from sayso.audio.loudness_targets import LEVEL_LUFS, STREAM_LUFS
from sayso.narration.paced_synthesis import LinePart, PacedSynthesis
from sayso.narration.parallel_synthesis import render
from sayso.subtitles import TimelineBuilder, weaker_timing
from sayso.text import Pauses, spoken_length
from sayso.tts.joins import silence_samples
from sayso.tts.planned import can_plan
from sayso.types import Boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.subtitles import Timing
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import FloatArray, Script, ScriptLine, Timeline, Word

PEAK_LIMIT = 10 ** (-1 / 20)

# A longer first sentence is split after its first clause, if both parts are long enough: the listener waits only for
# the clause, while the rest is synthesised beside it.
_LONG_FIRST_SENTENCE = 60
_SHORTEST_CLAUSE = 12


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Piece:
    """The next piece of a stream: samples of shape (n,), and the words that begin in them or soon after."""

    samples: FloatArray
    words: tuple[Word, ...] = ()


class Stream:
    """The audio of a script in order, utterance by utterance, as each is synthesised.

    Its loudness cannot be measured in advance, so every utterance is brought to `STREAM_LUFS`, or less if its peaks
    would exceed -1 dBFS. It is iterated once, by one thread at a time.

    Args:
        script: the script.
        engine: the engine.
        cache: of speech.
        speed: as the engine takes it.
        is_awaited: whether a listener waits for the beginning: then it is made in short pieces.
        is_contended: whether others wait for the processors: then few pieces are made, for each costs them time.
    """

    def __init__(
        self,
        script: Script,
        engine: SpeechEngine,
        cache: SpeechCache,
        *,
        speed: float,
        is_awaited: bool = True,
        is_contended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._script = script
        self._engine = engine
        self._cache = cache
        self._speed = speed
        self._is_awaited = is_awaited
        self._is_contended = is_contended
        self._builder = TimelineBuilder(script.text, engine.sample_rate_hz)
        self.timing: Timing = "exact"
        """The origin of the word times so far."""

    @property
    def timeline(self) -> Timeline:
        """The timeline so far."""
        return self._builder.build()

    def __iter__(self) -> Iterator[Piece]:
        """The pieces.

        Raises:
            SaysoError: as `sayso.tts.synthesis.speak`.
        """
        pause_seconds = self._script.lead_in_seconds
        pause_samples = round(pause_seconds * self._engine.sample_rate_hz)
        shown = 0
        for part in self._parts():
            if part.is_first:
                yield from self._silence(pause_samples)
                if part.line.chapter_title is not None:
                    self._builder.chapter(part.line.chapter_title)
            for spoken in part.spoken:
                self._builder.append(spoken.tokens, spoken.times, length_samples=spoken.audio.samples.size)
                self.timing = weaker_timing(self.timing, spoken.timing)
            words = self._builder.words_from(shown)
            shown += len(words)
            for spoken in part.spoken:
                yield Piece(samples=_levelled(spoken.audio.samples), words=words)
                words = ()
            pause_samples = silence_samples(part.line.pause_after_seconds, self._engine.sample_rate_hz)
        yield from self._silence(pause_samples)

    def _parts(self) -> Iterator[LinePart]:
        if self._is_awaited and can_plan(self._engine, speed=self._speed):
            paced = PacedSynthesis(
                self._script, self._engine, self._cache, speed=self._speed, is_contended=self._is_contended
            )
            yield from paced
            return
        lines = _first_line_split(self._script.lines) if self._is_awaited else self._script.lines
        script, speeds = replace(self._script, lines=lines), [self._speed] * len(lines)
        for line, spoken in render(script, self._engine, self._cache, speeds=speeds, workers=self._engine.workers):
            yield LinePart(line=line, spoken=spoken)

    def _silence(self, samples: int) -> Iterator[Piece]:
        self._builder.pause(samples)
        for block in silence(samples):
            yield Piece(samples=block)


def stream(script: Script, engine: SpeechEngine, cache: SpeechCache, *, speed: float) -> Iterator[FloatArray]:
    """The samples of a `Stream`: float32 of shape (n,) at the engine's rate.

    Raises:
        SaysoError: as `sayso.tts.synthesis.speak`.
    """
    return (piece.samples for piece in Stream(script, engine, cache, speed=speed))


def _levelled(samples: FloatArray) -> FloatArray:
    gain = 10 ** ((STREAM_LUFS - LEVEL_LUFS) / 20)
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(min(gain, PEAK_LIMIT / peak) if peak else gain)


def _first_line_split(lines: tuple[ScriptLine, ...]) -> tuple[ScriptLine, ...]:
    """The lines, with the first split in two if it is long and has a clause to begin with."""
    first = lines[0]
    tokens = first.utterance.tokens
    if spoken_length(tokens) <= _LONG_FIRST_SENTENCE:
        return lines
    for number in range(1, len(tokens)):
        beginning, rest = tokens[:number], tokens[number:]
        if (
            beginning[-1].boundary >= Boundary.CLAUSE
            and beginning[-1].span != rest[0].span
            and min(spoken_length(beginning), spoken_length(rest)) >= _SHORTEST_CLAUSE
        ):
            clause = replace(
                first,
                utterance=replace(first.utterance, tokens=beginning),
                pause_after_seconds=Pauses().clause,
            )
            return (
                clause,
                replace(first, utterance=replace(first.utterance, tokens=rest), chapter_title=None),
                *lines[1:],
            )
    return lines
