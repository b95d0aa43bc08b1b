"""Audio to text: what a transcriber promises, and the engines that keep it."""

from sayso.stt.base import (
    SAMPLE_RATE_HZ,
    Listener,
    Progress,
    SegmentDetails,
    Task,
    Transcriber,
    Transcript,
    VadOptions,
)
from sayso.stt.lazy import LocalTranscriber
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.stt.transcript import EngineSegment, EngineWord, transcript_of
from sayso.stt.whisper.transcriber import WhisperTranscriber

__all__ = [
    "SAMPLE_RATE_HZ",
    "EngineSegment",
    "EngineWord",
    "Listener",
    "LocalTranscriber",
    "OpenAITranscriber",
    "Progress",
    "SegmentDetails",
    "Task",
    "Transcriber",
    "Transcript",
    "VadOptions",
    "WhisperTranscriber",
    "transcript_of",
]
