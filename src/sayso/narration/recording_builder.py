"""Build a recording of a script: its audio on the spool, and its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.audio import silence
from sayso.narration.length import require_length
from sayso.subtitles import TimelineBuilder, naive_times, weaker_timing
from sayso.tts.joins import silence_samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.narration.spool import Spool
    from sayso.subtitles import Timing
    from sayso.tts.synthesis import Spoken
    from sayso.types import Script, ScriptLine, Timeline

MINIMUM_SECONDS = 1.0
"""A single short word is followed by silence up to this length: no style shows a subtitle for less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """The synthesised audio of a script, with its timeline.

    Attributes:
        script: the script.
        timeline: of the audio.
        timing: the origin of the word times: the weakest of those of its utterances.
        lines: the position of each line in samples: from its first word's lead-in to its last word's end.
        cached_segments: how many of the timeline's segments came from the cache.
    """

    script: Script
    timeline: Timeline
    timing: Timing
    lines: tuple[tuple[int, int], ...]
    cached_segments: int

    def lines_ms(self) -> Iterator[tuple[float, float]]:
        """The position of each line, in milliseconds."""
        for start, end in self.lines:
            yield 1000 * self.timeline.seconds(start), 1000 * self.timeline.seconds(end)


class RecordingBuilder:
    """Builds a recording from speech, in order; one thread at a time.

    Args:
        script: the script.
        sample_rate_hz: of the speech.
        spool: for the samples.
        timing: ``exact`` to use the engine's times if it has some, ``naive`` to use none of them.
        maximum_seconds: the longest audio; None for any length.

    Raises:
        OutputFailed: the spool is full; also from `add` and `finish`.
        Cancelled, DeadlineExceeded: as the spool's context says; also from `add` and `finish`.
    """

    def __init__(
        self,
        script: Script,
        sample_rate_hz: int,
        spool: Spool,
        *,
        timing: Timing = "exact",
        maximum_seconds: float | None = None,
    ) -> None:
        self._script = script
        self._maximum_seconds = maximum_seconds
        self._rate = sample_rate_hz
        self._spool = spool
        self._builder = TimelineBuilder(script.text, sample_rate_hz)
        self._pause(round(script.lead_in_seconds * sample_rate_hz))
        self._timing: Timing = timing
        self._is_naive = timing == "naive"
        self._lines: list[tuple[int, int]] = []
        self._cached_segments = 0

    @property
    def seconds(self) -> float:
        """The length so far."""
        return self._builder.position_samples / self._rate

    def add(self, line: ScriptLine, parts: Sequence[Spoken]) -> None:
        """Append a line and the pause after it.

        Raises:
            OutputFailed: the spool is full.
            SpeechTooLong: the audio becomes too long.
        """
        if line.chapter_title is not None:
            self._builder.chapter(line.chapter_title)
        start = self._builder.position_samples
        for part in parts:
            length = part.audio.samples.size
            times = naive_times(part.tokens, length) if self._is_naive else part.times
            self._builder.append(part.tokens, times, length_samples=length)
            self._spool.write(part.audio.samples)
            self._cached_segments += part.cached
            self._timing = weaker_timing(self._timing, part.timing)
        self._lines.append((start, self._builder.position_samples))
        require_length(self.seconds + line.pause_after_seconds, self._maximum_seconds)
        self._pause(silence_samples(line.pause_after_seconds, self._rate))

    def finish(self) -> Recording:
        """The finished recording; the builder cannot be used afterwards."""
        self._pause(max(0, round(MINIMUM_SECONDS * self._rate) - self._builder.position_samples))
        return Recording(
            script=self._script,
            timeline=self._builder.build(),
            timing=self._timing,
            lines=tuple(self._lines),
            cached_segments=self._cached_segments,
        )

    def _pause(self, samples: int) -> None:
        self._builder.pause(samples)
        for block in silence(samples):
            self._spool.write(block)
