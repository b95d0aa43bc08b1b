"""A fake transcriber with a fixed text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.errors import UnsupportedLanguage
from sayso.scheduling import UNBOUNDED
from sayso.stt.base import DEFAULT_OPTIONS, SegmentDetails
from sayso.stt.transcript import EngineSegment, EngineWord, TranscriptBuilder

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Transcript, TranscriptionOptions
    from sayso.stt.recording import Recording

_LANGUAGES = frozenset({"en", "fr"})


class FakeTranscriber:
    """Returns the same sentences for any sound, spread evenly over it, and nothing for silence.

    Args:
        text: the transcript; a full stop ends a segment.
    """

    name = "fake"
    fingerprint = "fake 1"

    def __init__(self, text: str = "It was late. Nobody came, and the lamp burned on.") -> None:
        self._text = text

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,
        *,
        listener: Listener | None = None,
        progress: Progress | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> Transcript:
        """Return the fixed text, with a compute permit for each segment; see `Transcriber.transcribe`."""
        code = (options.language or next(iter(options.languages), "en")).lower().split("-")[0]
        if code not in _LANGUAGES:
            raise UnsupportedLanguage(f"The fake does not know the language “{options.language}”.")
        with context.permit():
            has_sound = any(np.any(block) for block in recording.blocks(0, recording.duration_samples))
        duration_seconds = recording.duration_seconds
        segments = self._spread(duration_seconds, options.temperature) if has_sound else []
        builder = TranscriptBuilder(recording.duration_samples)
        for number, segment in enumerate(segments, start=1):
            with context.permit():
                heard = builder.add(segment)
            if listener is not None:
                listener(heard)
            if progress is not None:
                progress(duration_seconds * number / len(segments), duration_seconds)
        if progress is not None:
            progress(duration_seconds, duration_seconds)
        return builder.build(language="en" if options.task == "translate" else code, language_probability=1.0)

    def _spread(self, duration_seconds: float, temperature: float) -> list[EngineSegment]:
        words = self._text.split()
        step = duration_seconds / len(words)
        segments: list[EngineSegment] = []
        waiting: list[EngineWord] = []
        for number, word in enumerate(words):
            waiting.append(EngineWord(f" {word}", number * step, (number + 1) * step))
            if word.endswith(".") or number == len(words) - 1:
                segments.append(EngineSegment(tuple(waiting), _details(temperature, waiting)))
                waiting = []
        return segments


def _details(temperature: float, words: list[EngineWord]) -> SegmentDetails:
    return SegmentDetails(
        tokens=tuple(range(len(words))),
        temperature=temperature,
        average_log_probability=-0.1,
        compression_ratio=1.0,
        no_speech_probability=0.0,
    )
