"""The transcription service: transcripts by the first engine of a chain that can, and the answers of the API."""

from sayso.transcription.hybrid_answers import hybrid_body, translation_body
from sayso.transcription.openai_answers import (
    diarized_body,
    json_body,
    languages_body,
    segments_body,
    speaker_segments,
    spoken_body,
    token_usage,
    usage,
    verbose_body,
    words_body,
)
from sayso.transcription.service import MINIMUM_SECONDS, Position, TextStream, opened, transcribe

__all__ = [
    "MINIMUM_SECONDS",
    "Position",
    "TextStream",
    "diarized_body",
    "hybrid_body",
    "json_body",
    "languages_body",
    "opened",
    "segments_body",
    "speaker_segments",
    "spoken_body",
    "token_usage",
    "transcribe",
    "translation_body",
    "usage",
    "verbose_body",
    "words_body",
]
