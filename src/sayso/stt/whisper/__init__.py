"""Whisper, on this machine."""

from sayso.stt.whisper.transcriber import WhisperTranscriber

__all__ = ["WhisperTranscriber"]
