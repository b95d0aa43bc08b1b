"""Transcription by OpenAI."""

from sayso.stt.openai.transcriber import OpenAITranscriber

__all__ = ["OpenAITranscriber"]
