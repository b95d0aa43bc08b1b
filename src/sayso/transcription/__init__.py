"""The transcription service: recordings become text, by the first engine that can, in the shapes that clients know."""

from sayso.transcription.hybrid import hybrid_body, translation_body
from sayso.transcription.listen import MINIMUM_SECONDS, Listening, Wanted, listen, require_audio
from sayso.transcription.shapes import (
    diarized_body,
    json_body,
    segments_body,
    usage,
    verbose_body,
    words_body,
)

__all__ = [
    "MINIMUM_SECONDS",
    "Listening",
    "Wanted",
    "diarized_body",
    "hybrid_body",
    "json_body",
    "listen",
    "require_audio",
    "segments_body",
    "translation_body",
    "usage",
    "verbose_body",
    "words_body",
]
