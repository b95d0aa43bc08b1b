"""Transcribe files and samples; transcribers themselves take opened recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.scheduling import UNBOUNDED
from sayso.stt import TranscriptionOptions, open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.stt import Listener, Progress, Transcriber, Transcript
    from sayso.types import Audio


def transcribed(
    transcriber: Transcriber,
    source: Path | Audio,
    *,
    listener: Listener | None = None,
    progress: Progress | None = None,
    context: RequestContext = UNBOUNDED,
    **options: Any,
) -> Transcript:
    """The transcript of a file or of samples; the fields of `TranscriptionOptions` are passed by name."""
    with open_recording(source) as recording:
        return transcriber.transcribe(
            recording, TranscriptionOptions(**options), listener=listener, progress=progress, context=context
        )
