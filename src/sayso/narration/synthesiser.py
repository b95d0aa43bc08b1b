"""Synthesise a whole script, repeatedly until its subtitles are readable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sayso.narration.files import CUE_FORMATS
from sayso.narration.parallel_synthesis import render
from sayso.narration.recording_builder import RecordingBuilder
from sayso.narration.slowing import slower_speeds
from sayso.subtitles import compile_cues, style_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.narration.recording_builder import Recording
    from sayso.narration.spec import NarrationSpec
    from sayso.narration.spool import Spool
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import Cue, Script

MAXIMUM_PASSES = 8
"""The largest number of passes over a document; two or three are usual. Later ones synthesise only changed lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The progress of a narration: characters of the source that are done, their total, and seconds of audio so far."""

    done_characters: int
    total_characters: int
    audio_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SynthesisedScript:
    """A synthesised script.

    Attributes:
        recording: of the last pass.
        cues: its subtitles.
        speeds: the speed of each line.
        cached_segments: how many segments of the first pass came from the cache.
    """

    recording: Recording
    cues: tuple[Cue, ...]
    speeds: tuple[float, ...]
    cached_segments: int


class Synthesiser:
    """Synthesises one script, on the calling thread."""

    def __init__(
        self,
        script: Script,
        engine: SpeechEngine,
        cache: SpeechCache,
        spool: Spool,
        spec: NarrationSpec,
        *,
        workers: int,
        maximum_seconds: float | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._script = script
        self._engine = engine
        self._cache = cache
        self._spool = spool
        self._spec = spec
        self._style = style_named(spec.style) if CUE_FORMATS.intersection(spec.subtitles) else None
        self._workers = workers
        self._maximum_seconds = maximum_seconds
        self._on_progress = on_progress

    def synthesise(self) -> SynthesisedScript:
        """Synthesise the script; afterwards the spool holds exactly its audio.

        Lines whose subtitles are too fast to read are synthesised again, slower. Without a cache that means all lines;
        the engine is deterministic, so unchanged lines stay the same.

        Raises:
            SaysoError: as for `render` and `RecordingBuilder.add`.
        """
        synthesised = self._synthesise((self._spec.speed,) * len(self._script.lines))
        for _ in range(MAXIMUM_PASSES - 1):
            if self._style is None or self._spec.keep_speed:
                break
            slower = slower_speeds(synthesised.recording, synthesised.cues, self._style, synthesised.speeds)
            if slower is None:
                break
            synthesised = replace(self._synthesise(slower), cached_segments=synthesised.cached_segments)
        return synthesised

    def _synthesise(self, speeds: Sequence[float]) -> SynthesisedScript:
        self._spool.clear()
        builder = RecordingBuilder(
            self._script,
            self._engine.sample_rate_hz,
            self._spool,
            timing=self._spec.timing,
            maximum_seconds=self._maximum_seconds,
        )
        for line, parts in render(self._script, self._engine, self._cache, speeds=speeds, workers=self._workers):
            builder.add(line, parts)
            self._on_progress(
                Progress(
                    done_characters=line.utterance.tokens[-1].span.end,
                    total_characters=len(self._script.text),
                    audio_seconds=builder.seconds,
                )
            )
        recording = builder.finish()
        cues = compile_cues(recording.timeline, self._style, language=self._script.language) if self._style else ()
        return SynthesisedScript(
            recording=recording, cues=cues, speeds=tuple(speeds), cached_segments=recording.cached_segments
        )
