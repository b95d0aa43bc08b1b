"""A program that streams texts with kokoro-onnx, as its README shows: the process that `bench.first_audio` measures.

Usage: python -m bench.peer_kokoro_stream MODEL VOICES VOICE; each line of the input is a text in JSON. For each block
of samples it writes a line with its length in bytes, and the block; and 0 at the end of a text.
"""

from __future__ import annotations

import asyncio
import json
import sys

import numpy as np
from kokoro_onnx import Kokoro


async def main(model: str, voices: str, voice: str) -> None:
    """Speak each text, with all of kokoro-onnx's defaults."""
    kokoro, output = Kokoro(model, voices), sys.stdout.buffer
    for line in sys.stdin:
        async for samples, _ in kokoro.create_stream(json.loads(line), voice=voice, speed=1.0, lang="en-us"):
            data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
            output.write(f"{len(data)}\n".encode() + data)
            output.flush()
        output.write(b"0\n")
        output.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
