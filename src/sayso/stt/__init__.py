"""Speech to text: the Protocol of transcribers, recordings, and the engines."""

from sayso.stt.base import (
    DEFAULT_OPTIONS,
    Listener,
    Progress,
    SegmentDetails,
    Task,
    Transcriber,
    Transcript,
    TranscriptionOptions,
)
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.stt.recording import SAMPLE_RATE_HZ, Recording, open_recording
from sayso.stt.transcript import EngineSegment, EngineWord, transcript_of
from sayso.stt.vad_options import VadOptions
from sayso.stt.whisper.local import LocalTranscriber
from sayso.stt.whisper.transcriber import WhisperTranscriber
from sayso.stt.word_placement import with_placed_words

__all__ = [
    "DEFAULT_OPTIONS",
    "SAMPLE_RATE_HZ",
    "EngineSegment",
    "EngineWord",
    "Listener",
    "LocalTranscriber",
    "OpenAITranscriber",
    "Progress",
    "Recording",
    "SegmentDetails",
    "Task",
    "Transcriber",
    "Transcript",
    "TranscriptionOptions",
    "VadOptions",
    "WhisperTranscriber",
    "open_recording",
    "transcript_of",
    "with_placed_words",
]
