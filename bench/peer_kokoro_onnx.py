"""A program that reads a text with kokoro-onnx, as its README shows: the process that `bench.speed` measures.

Usage: python -m bench.peer_kokoro_onnx MODEL VOICES VOICE TEXT_FILE WAV_FILE
"""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import numpy as np
from kokoro_onnx import Kokoro


def main(model: str, voices: str, voice: str, text_file: str, wav_file: str) -> None:
    """Read the text with all of kokoro-onnx's defaults, write a WAV file, and print its length as JSON."""
    kokoro = Kokoro(model, voices)
    samples, rate = kokoro.create(Path(text_file).read_text(encoding="utf-8"), voice=voice, speed=1.0, lang="en-us")
    with wave.open(wav_file, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    print(json.dumps({"audio_seconds": len(samples) / rate}))


if __name__ == "__main__":
    main(*sys.argv[1:])
