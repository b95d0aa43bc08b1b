"""Speech in production: text to audio with exact subtitles, audio to text."""

import os

# Unless this is set, onnxruntime reports its use to its vendor, from its first import on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
