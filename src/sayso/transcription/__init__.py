"""The transcription service: recordings become text, by the first engine that can, in the shapes that clients know."""

from sayso.transcription.listen import MINIMUM_SECONDS, Listening, Wanted, listen, require_audio
from sayso.transcription.shapes import json_body, usage, verbose_body

__all__ = [
    "MINIMUM_SECONDS",
    "Listening",
    "Wanted",
    "json_body",
    "listen",
    "require_audio",
    "usage",
    "verbose_body",
]
