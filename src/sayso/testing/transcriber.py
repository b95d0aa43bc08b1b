"""A transcriber that hears what it was told to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import decode, resample
from sayso.errors import UnsupportedLanguage
from sayso.scheduling import FREE
from sayso.stt.base import SAMPLE_RATE_HZ, SegmentDetails
from sayso.stt.transcript import EngineSegment, EngineWord, TranscriptBuilder

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Task, Transcript, VadOptions
    from sayso.types import Audio

_LANGUAGES = frozenset({"en", "fr"})


class FakeTranscriber:
    """Hears the same sentences in any sound, spread evenly over it, and nothing in silence.

    Args:
        text: what it hears; a full stop ends a segment.
    """

    name = "fake"
    fingerprint = "fake 1"

    def __init__(self, text: str = "It was late. Nobody came, and the lamp burned on.") -> None:
        self._text = text

    def transcribe(
        self,
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,  # noqa: ARG002 -- part of the Protocol
        task: Task = "transcribe",
        temperature: float = 0.0,
        progress: Progress | None = None,
        listener: Listener | None = None,
        ticket: RequestContext = FREE,
        voice_activity: VadOptions | None = None,  # noqa: ARG002 -- it hears in any sound
    ) -> Transcript:
        """Write down the text it was given, a turn for each segment; see `Transcriber.transcribe`."""
        code = (language or "en").lower().split("-")[0]
        if code not in _LANGUAGES:
            raise UnsupportedLanguage(f"The fake does not know the language “{language}”.")
        with ticket.turn():
            audio = decode(source, sample_rate_hz=SAMPLE_RATE_HZ) if isinstance(source, Path) else source
            samples = resample(audio, SAMPLE_RATE_HZ).samples
        duration_seconds = len(samples) / SAMPLE_RATE_HZ
        segments = self._spread(duration_seconds, temperature) if np.any(samples) else []
        builder = TranscriptBuilder(len(samples))
        for number, segment in enumerate(segments, start=1):
            with ticket.turn():
                heard = builder.add(segment)
            if listener is not None:
                listener(heard)
            if progress is not None:
                progress(duration_seconds * number / len(segments), duration_seconds)
        if progress is not None:
            progress(duration_seconds, duration_seconds)
        return builder.build(language="en" if task == "translate" else code, language_probability=1.0)

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
