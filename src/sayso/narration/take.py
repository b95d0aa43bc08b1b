"""One reading of a script: its audio on the spool, its timeline, its loudness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import LoudnessMeter
from sayso.subtitles import TimelineBuilder
from sayso.tts.shape import LEAD_IN_SECONDS, LEAD_OUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.audio import Loudness
    from sayso.narration.spool import Spool
    from sayso.subtitles import Timing
    from sayso.tts.speak import Spoken
    from sayso.types import FloatArray, Script, ScriptLine, Timeline

MINIMUM_SECONDS = 1.0
"""A single short word is followed by silence up to this length: no style shows a subtitle for less."""

_SILENCE_BLOCK_SAMPLES = 1 << 16


class Take:
    """Collects what is spoken, in order; one thread at a time.

    Attributes:
        timing: where the word times come from; naive as soon as those of one utterance are.
        segments: how many utterances were added.
        cached_segments: how many of them came from the cache.
    """

    def __init__(self, script: Script, sample_rate_hz: int, spool: Spool) -> None:
        self._rate = sample_rate_hz
        self._spool = spool
        self._builder = TimelineBuilder(script.text, sample_rate_hz)
        self._meter = LoudnessMeter(sample_rate_hz)
        self._pause(script.lead_in_seconds)
        self.timing: Timing = "exact"
        self.segments = 0
        self.cached_segments = 0

    @property
    def seconds(self) -> float:
        """The length so far."""
        return self._builder.position_samples / self._rate

    def add(self, line: ScriptLine, parts: Sequence[Spoken]) -> None:
        """Append a line and the pause after it.

        Raises:
            OutputFailed: the spool is full.
        """
        if line.chapter_title is not None:
            self._builder.chapter(line.chapter_title)
        for part in parts:
            self._builder.append(part.tokens, part.times, length_samples=part.audio.samples.size)
            self._record(part.audio.samples)
            self.segments += 1
            self.cached_segments += part.cached
            if part.timing == "naive":
                self.timing = "naive"
        # An utterance brings some silence of its own, before its first word and after its last.
        self._pause(line.pause_after_seconds - LEAD_IN_SECONDS - LEAD_OUT_SECONDS)

    def finish(self) -> tuple[Timeline, Loudness]:
        """The timeline and the loudness of everything; afterwards the take is spent."""
        self._pause(MINIMUM_SECONDS - self.seconds)
        return self._builder.build(), self._meter.finish()

    def _pause(self, seconds: float) -> None:
        remaining = max(0, round(seconds * self._rate))
        self._builder.pause(remaining)
        while remaining:
            block = np.zeros(min(remaining, _SILENCE_BLOCK_SAMPLES), np.float32)
            self._record(block)
            remaining -= block.size

    def _record(self, samples: FloatArray) -> None:
        self._spool.write(samples)
        self._meter.add(samples)
