"""A program that transcribes a file with faster-whisper's plain call: a process that `bench.transcription` measures.

Usage: python -m bench.peer_faster_whisper MODEL AUDIO_FILE COMPUTE_TYPE
"""

from __future__ import annotations

import json
import sys

from faster_whisper import WhisperModel


def main(model: str, audio_file: str, compute_type: str) -> None:
    """Transcribe with all of faster-whisper's defaults but the compute type, and print the text as JSON."""
    segments, _ = WhisperModel(model, compute_type=compute_type).transcribe(audio_file)
    print(json.dumps({"text": "".join(segment.text for segment in segments)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
