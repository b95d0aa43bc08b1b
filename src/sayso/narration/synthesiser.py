"""Speaking a whole script, as often as it takes for its subtitles to be readable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sayso.narration.files import CUE_FORMATS
from sayso.narration.pace import slower_speeds
from sayso.narration.parallel_synthesis import render
from sayso.narration.recording_builder import RecordingBuilder
from sayso.subtitles import compile_cues, style_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.narration.recording_builder import Recording
    from sayso.narration.spec import NarrationSpec
    from sayso.narration.spool import Spool
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import Cue, Script

MAXIMUM_TAKES = 8
"""How often a document is spoken at most; two or three takes are usual, and only what changed is spoken anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a narration is: characters of the source spoken, of how many, and seconds of audio so far."""

    done_characters: int
    total_characters: int
    audio_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SynthesisedScript:
    """A script as it was spoken.

    Attributes:
        recording: the last take.
        cues: its subtitles.
        speeds: the speed at which each line was spoken.
        cached_segments: how many segments of the first take came from the cache.
    """

    recording: Recording
    cues: tuple[Cue, ...]
    speeds: tuple[float, ...]
    cached_segments: int


class Synthesiser:
    """Who speaks, where to, and who is told; one script at a time, on the thread that calls."""

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

    def perform(self) -> SynthesisedScript:
        """Speak the script; afterwards the spool holds exactly its audio.

        Lines whose subtitles are too fast to read are spoken again, slower. Without a cache that means everything
        again; the engine is deterministic, so what need not change does not.

        Raises:
            SaysoError: as `render` and `RecordingBuilder.add`.
        """
        synthesised = self._take((self._spec.speed,) * len(self._script.lines))
        for _ in range(MAXIMUM_TAKES - 1):
            if self._style is None or self._spec.keep_speed:
                break
            slower = slower_speeds(synthesised.recording, synthesised.cues, self._style, synthesised.speeds)
            if slower is None:
                break
            synthesised = replace(self._take(slower), cached_segments=synthesised.cached_segments)
        return synthesised

    def _take(self, speeds: Sequence[float]) -> SynthesisedScript:
        self._spool.clear()
        take = RecordingBuilder(
            self._script,
            self._engine.sample_rate_hz,
            self._spool,
            timing=self._spec.timing,
            maximum_seconds=self._maximum_seconds,
        )
        for line, parts in render(self._script, self._engine, self._cache, speeds=speeds, workers=self._workers):
            take.add(line, parts)
            self._on_progress(
                Progress(
                    done_characters=line.utterance.tokens[-1].span.end,
                    total_characters=len(self._script.text),
                    audio_seconds=take.seconds,
                )
            )
        recording = take.finish()
        cues = compile_cues(recording.timeline, self._style, language=self._script.language) if self._style else ()
        return SynthesisedScript(
            recording=recording, cues=cues, speeds=tuple(speeds), cached_segments=recording.cached_segments
        )
