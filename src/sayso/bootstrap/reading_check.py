"""How the speech of realtime models is checked: the aligner says whether it fits its text, Whisper what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.audio import resample
from sayso.stt import SAMPLE_RATE_HZ, TranscriptionOptions, open_recording
from sayso.tts.reading_check import ReadingCheck

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.alignment import Aligner
    from sayso.scheduling import RequestContext
    from sayso.stt import Transcriber
    from sayso.types import Audio

_MOST_DOUBTFUL = 0.25
"""The share of words that may be missing or doubtful in speech that says its text: what names and noise cost."""


def reading_check(*, aligner: Callable[[], Aligner], listener: Callable[[], Transcriber]) -> ReadingCheck:
    """The check with the engines of this machine; they are opened when they are needed.

    Args:
        aligner: opens the aligner.
        listener: opens the transcriber.
    """

    def is_suspected(audio: Audio, text: str, language: str, context: RequestContext) -> bool:
        from sayso.alignment import DOUBTFUL, InMemory, tokens_of

        samples = resample(audio, SAMPLE_RATE_HZ).samples
        aligned = aligner().align(InMemory(samples=samples), text, language, heard=None, context=context)
        expected = len(tokens_of(text, language))
        sure = sum(word.confidence >= DOUBTFUL for word in aligned.words)
        return bool(aligned.gaps or aligned.insertions) or sure < (1 - _MOST_DOUBTFUL) * expected

    def hear(audio: Audio, language: str, context: RequestContext) -> str:
        with open_recording(audio, context) as recording:
            return listener().transcribe(recording, TranscriptionOptions(language=language), context=context).text

    return ReadingCheck(is_suspected=is_suspected, hear=hear)
