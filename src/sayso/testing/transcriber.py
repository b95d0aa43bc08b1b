"""A transcriber that hears what it was told to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import decode, resample
from sayso.errors import UnsupportedLanguage
from sayso.stt.base import SAMPLE_RATE_HZ
from sayso.stt.words import HeardSegment, HeardWord, transcript_of

if TYPE_CHECKING:
    from sayso.stt.base import Progress, Task, Transcript
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
        progress: Progress | None = None,
    ) -> Transcript:
        """Write down the text it was given; see `Transcriber.transcribe`."""
        code = (language or "en").lower().split("-")[0]
        if code not in _LANGUAGES:
            raise UnsupportedLanguage(f"The fake does not know the language “{language}”.")
        audio = decode(source, sample_rate_hz=SAMPLE_RATE_HZ) if isinstance(source, Path) else source
        samples = resample(audio, SAMPLE_RATE_HZ).samples
        duration_seconds = len(samples) / SAMPLE_RATE_HZ
        segments = self._spread(duration_seconds) if np.any(samples) else []
        if progress is not None:
            for done in range(1, len(segments) + 1):
                progress(duration_seconds * done / len(segments), duration_seconds)
            progress(duration_seconds, duration_seconds)
        return transcript_of(
            segments,
            language="en" if task == "translate" else code,
            language_probability=1.0,
            duration_samples=len(samples),
        )

    def _spread(self, duration_seconds: float) -> list[HeardSegment]:
        words = self._text.split()
        step = duration_seconds / len(words)
        segments: list[HeardSegment] = []
        waiting: list[HeardWord] = []
        for number, word in enumerate(words):
            waiting.append(HeardWord(f" {word}", number * step, (number + 1) * step))
            if word.endswith("."):
                segments.append(HeardSegment(tuple(waiting)))
                waiting = []
        return [*segments, HeardSegment(tuple(waiting))] if waiting else segments
