"""Audio to text: what a transcriber promises, and the engines that keep it."""

from sayso.stt.base import (
    SAMPLE_RATE_HZ,
    Listener,
    Progress,
    SegmentDetails,
    Task,
    Transcriber,
    Transcript,
    VoiceActivity,
)
from sayso.stt.local import LocalTranscriber
from sayso.stt.openai import OpenAITranscriber
from sayso.stt.whisper import WhisperTranscriber
from sayso.stt.words import HeardSegment, HeardWord, transcript_of

__all__ = [
    "SAMPLE_RATE_HZ",
    "HeardSegment",
    "HeardWord",
    "Listener",
    "LocalTranscriber",
    "OpenAITranscriber",
    "Progress",
    "SegmentDetails",
    "Task",
    "Transcriber",
    "Transcript",
    "VoiceActivity",
    "WhisperTranscriber",
    "transcript_of",
]
