"""The server as a process: ``python -m sayso.testing.openai_server --port 9000``, until it is interrupted.

It prints its address and its key in one line of JSON when it listens. Other processes inject faults with ``PUT
/control/faults`` and read the log of requests from ``GET /control/requests``.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.testing.openai_server.server import OpenAIServer
from sayso.testing.openai_server.stamped import StampedSpeech

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sayso.stt import Transcriber
    from sayso.tts.base import SpeechEngine


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="OpenAI's audio API on this machine, with faults on demand.")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    parser.add_argument("--key", default="sk-test-of-the-fault-server", help="the API key that is accepted")
    parser.add_argument(
        "--speech",
        choices=["fake", "kokoro", "stamped"],
        default="fake",
        help="what speaks; stamped is one sound with a tag, made without delay",
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds from a request for speech to its response")
    parser.add_argument("--whisper", metavar="MODEL", help="the Whisper model, such as base; a fake by default")
    parser.add_argument("--realtime", action="store_true", help="serve a realtime model, too")
    options = parser.parse_args()
    is_stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_stopped.set())
    speech = _SPEECH[options.speech]()
    transcriber = _whisper(options.whisper) if options.whisper else FakeTranscriber()
    with OpenAIServer(
        speech=speech,
        transcriber=transcriber,
        key=options.key,
        port=options.port,
        latency_seconds=options.latency,
        is_realtime=options.realtime,
    ) as server:
        sys.stdout.write(json.dumps({"base_url": server.base_url, "key": server.key}) + "\n")
        sys.stdout.flush()
        is_stopped.wait()


def _kokoro() -> SpeechEngine:
    from sayso.models import open_store
    from sayso.settings import load_settings
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.tts.phonemes.languages import phonemes

    settings = load_settings()
    store = open_store(settings)
    return KokoroEngine(
        store.path("kokoro-82m-int8") / "model.onnx",
        store.path("kokoro-voices"),
        phonemes(),
        tuning_file=settings.cache_dir / "tuning.json",
        workers=settings.synthesis_workers,
    )


def _whisper(model: str) -> Transcriber:
    from sayso.models import open_store
    from sayso.settings import load_settings
    from sayso.stt import WhisperTranscriber

    return WhisperTranscriber(open_store(load_settings()).path(f"whisper-{model}"))


_SPEECH: Mapping[str, Callable[[], SpeechEngine | StampedSpeech]] = {
    "fake": FakeSpeechEngine,
    "kokoro": _kokoro,
    "stamped": StampedSpeech,
}


if __name__ == "__main__":
    main()
