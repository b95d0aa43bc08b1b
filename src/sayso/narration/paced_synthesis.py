"""Synthesise a script for a listener who waits: its beginning at once, and everything else in time.

Where the engine can plan an utterance (`sayso.tts.planned`), the first line is divided: a piece of half a second to a
second, and then pieces that are as long as `Pacing` allows, made on all processors side by side. As soon as enough is
in hand, lines are synthesised as wholes, as those of a document are, with the document's keys in the cache.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sayso.errors import UtteranceTooLong
from sayso.narration.in_order import InOrder
from sayso.narration.length import speech_seconds
from sayso.narration.pacing import Pacing, first_end, next_end
from sayso.narration.parallel_synthesis import LINES_AHEAD_PER_WORKER
from sayso.tts.cache import pieces_key, speech_key
from sayso.tts.pieces import PieceJoiner
from sayso.tts.planned import plan_of
from sayso.tts.synthesis import Spoken, speak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.tts.planned import Cut, PlannedSpeech
    from sayso.types import Script, ScriptLine, Speech, Token

_SHORT_LINE_SECONDS = 1.3
"""A line that is estimated to be shorter is not divided."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinePart:
    """The next speech of a script: a line, or a piece of one.

    Attributes:
        line: the line.
        spoken: the speech.
        is_first: whether it is the line's first.
        is_last: whether it is the line's last.
    """

    line: ScriptLine
    spoken: tuple[Spoken, ...]
    is_first: bool = True
    is_last: bool = True


@dataclass(kw_only=True, slots=True, eq=False)
class _DividedLine:
    """A line that is made in pieces; ``begin`` is where the next of them begins."""

    line: ScriptLine
    key: str
    planned: PlannedSpeech
    joiner: PieceJoiner
    begin: Cut


class PacedSynthesis:
    """See the module. It is iterated once; the iterating thread owns the pool of threads that compute.

    Args:
        script: the script.
        engine: the engine.
        cache: of speech. A divided line is kept as a whole, under a key of its own, and is then heard at once.
        speed: as the engine takes it.
        is_contended: whether others wait for the processors.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        script: Script,
        engine: SpeechEngine,
        cache: SpeechCache,
        *,
        speed: float,
        is_contended: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lines = iter(script.lines)
        self._engine = engine
        self._cache = cache
        self._speed = speed
        self._is_contended = is_contended
        self._clock = clock
        self._pacing = Pacing(clock)
        self._is_begun = False
        self._divided: _DividedLine | None = None
        self._in_progress: dict[str, threading.Event] = {}

    def __iter__(self) -> Iterator[LinePart]:
        """The speech in order. When it stops early, nothing further is begun; what is in progress is waited for.

        Raises:
            SaysoError: as for `speak`.
        """
        workers = self._engine.workers
        for deliver in InOrder(self._next_work, workers=workers, most_ahead=workers * LINES_AHEAD_PER_WORKER):
            yield deliver()

    def _next_work(self) -> Callable[[], Callable[[], LinePart]] | None:
        """What a free thread does now; its result is called, in order, by the thread that iterates."""
        if self._divided is not None:
            return self._next_piece(self._divided)
        line = next(self._lines, None)
        if line is None:
            return None
        is_first, self._is_begun = not self._is_begun, True
        key = speech_key(line.utterance, voice=line.voice, speed=self._speed, fingerprint=self._engine.fingerprint)
        seconds = speech_seconds(line.utterance.tokens) / self._speed
        is_late = seconds > _SHORT_LINE_SECONDS and seconds > self._pacing.allowed_seconds()
        if is_late and (is_first or not self._is_contended()):
            return self._first_piece(line, key, seconds, is_first=is_first)
        return self._whole(line, key, seconds)

    def _first_piece(
        self, line: ScriptLine, key: str, seconds: float, *, is_first: bool
    ) -> Callable[[], Callable[[], LinePart]]:
        """The first piece of a line, or all of it where the cache has it or it cannot be divided."""
        found = self._cache.get(key) or self._cache.get(pieces_key(key))
        if found is not None:
            part = LinePart(line=line, spoken=(_spoken(line.utterance.tokens, found, cached=True),))
            self._promise(line, found.audio.duration_seconds)
            return lambda: lambda: part
        try:
            planned = plan_of(self._engine, line.utterance, voice=line.voice, speed=self._speed)
        except UtteranceTooLong:
            planned = None
        if planned is None:
            return self._whole(line, key, seconds)
        joiner = PieceJoiner(planned.overlap_samples)
        divided = _DividedLine(line=line, key=key, planned=planned, joiner=joiner, begin=planned.begin)
        end = first_end(planned, self._engine.sample_rate_hz) if is_first else self._end(divided)
        return self._whole(line, key, seconds) if end is planned.end else self._piece(divided, end)

    def _next_piece(self, divided: _DividedLine) -> Callable[[], Callable[[], LinePart]]:
        return self._piece(divided, self._end(divided))

    def _end(self, divided: _DividedLine) -> Cut:
        return next_end(
            divided.planned,
            divided.begin,
            self._engine.sample_rate_hz,
            allowed_seconds=self._pacing.allowed_seconds(),
            is_contended=self._is_contended(),
        )

    def _piece(self, divided: _DividedLine, end: Cut) -> Callable[[], Callable[[], LinePart]]:
        begin, divided.begin = divided.begin, end
        is_last = end is divided.planned.end
        self._divided = None if is_last else divided
        seconds = (end.sample - begin.sample) / self._engine.sample_rate_hz
        self._pacing.promise(seconds + (divided.line.pause_after_seconds if is_last else 0.0))

        def make() -> Callable[[], LinePart]:
            began = self._clock()
            speech = divided.planned.synthesise(begin, end)
            self._pacing.made(self._clock() - began, seconds)
            return partial(self._joined, divided, begin, end, speech)

        return make

    def _joined(self, divided: _DividedLine, begin: Cut, end: Cut, speech: Speech) -> LinePart:
        is_last = end is divided.planned.end
        joined = divided.joiner.add(speech, is_last=is_last)
        if is_last:
            self._cache.put(pieces_key(divided.key), divided.joiner.whole(self._engine.sample_rate_hz))
        tokens = divided.line.utterance.tokens[begin.token : end.token]
        spoken = (_spoken(tokens, joined, cached=False),)
        return LinePart(line=divided.line, spoken=spoken, is_first=begin is divided.planned.begin, is_last=is_last)

    def _whole(self, line: ScriptLine, key: str, seconds: float) -> Callable[[], Callable[[], LinePart]]:
        self._promise(line, seconds)
        twin, done = self._in_progress.get(key), threading.Event()
        self._in_progress[key] = done

        def make() -> Callable[[], LinePart]:
            try:
                if twin is not None:
                    twin.wait()  # it was begun before this one, so it cannot wait for this thread
                began = self._clock()
                spoken = speak(line.utterance, self._engine, self._cache, voice=line.voice, speed=self._speed, key=key)
            finally:
                done.set()
            actual_seconds = sum(part.audio.duration_seconds for part in spoken)
            if not any(part.cached for part in spoken):
                self._pacing.made(self._clock() - began, actual_seconds)
            self._pacing.promise(actual_seconds - seconds)
            return lambda: LinePart(line=line, spoken=spoken)

        return make

    def _promise(self, line: ScriptLine, seconds: float) -> None:
        self._pacing.promise(seconds + line.pause_after_seconds)


def _spoken(tokens: tuple[Token, ...], speech: Speech, *, cached: bool) -> Spoken:
    """Speech of an engine that plans, so its times are exact."""
    return Spoken(tokens=tokens, audio=speech.audio, times=speech.times or (), timing="exact", cached=cached)
