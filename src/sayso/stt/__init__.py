"""Audio to text: what a transcriber promises, and the engines that keep it."""

from sayso.stt.base import SAMPLE_RATE_HZ, Progress, Task, Transcriber, Transcript
from sayso.stt.whisper import WhisperTranscriber
from sayso.stt.words import HeardSegment, HeardWord, transcript_of

__all__ = [
    "SAMPLE_RATE_HZ",
    "HeardSegment",
    "HeardWord",
    "Progress",
    "Task",
    "Transcriber",
    "Transcript",
    "WhisperTranscriber",
    "transcript_of",
]
