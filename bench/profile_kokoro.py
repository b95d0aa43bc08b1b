"""Where Kokoro's time goes: the share of each operator, for the graph in use and the published one.

    python bench/profile_kokoro.py

An operator with the share s, made k times as fast, leaves 1 - s + s / k of the time.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from sayso.models import open_store
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import prepare_graph, session_options
from sayso.tts.engines.kokoro.vocabulary import PAD, SAMPLE_RATE_HZ, SYMBOLS
from sayso.tts.engines.kokoro.voices import VoiceBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VOICE = "af_heart"
SYMBOLS_SPOKEN = (
    "ðə lˈIthWs kˈipəɹ klˈImd ðə stˈɛɹz twˈIs ə dˈA, wˈʌns æt dˈʌsk ænd wˈʌns æt dˈɔn, ænd hi kˈWntᵻd ðəm ˈɛvəɹi tˈIm."
)
RUNS = 3
ROWS = 16


def feed(voices: VoiceBook) -> dict[str, Any]:
    """The model's inputs for one sentence."""
    ids = [SYMBOLS[symbol] for symbol in SYMBOLS_SPOKEN]
    style = voices.style(VOICE)[len(ids) - 1][np.newaxis]
    return {"tokens": np.array([[PAD, *ids, PAD]], np.int64), "style": style, "speed": np.ones(1, np.float32)}


def profile(model: bytes, inputs: Mapping[str, Any]) -> tuple[Counter[str], float]:
    """Microseconds by operator, and the seconds of speech that they made, over `RUNS` runs on one thread."""
    with tempfile.TemporaryDirectory() as directory:
        options = session_options()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(directory, "kokoro"))
        session = onnxruntime.InferenceSession(model, options)
        seconds = sum(session.run(["audio"], inputs)[0].size for _ in range(RUNS)) / SAMPLE_RATE_HZ
        events = json.loads(Path(session.end_profiling()).read_bytes())
    return operator_times(events), seconds


def operator_times(events: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """The microseconds of each operator in what onnxruntime's profiler wrote."""
    times: Counter[str] = Counter()
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            times[event["args"]["op_name"]] += event["dur"]
    return times


def show(title: str, times: Counter[str], seconds: float) -> None:
    """Print one table."""
    total = times.total()
    print(f"{title}: {total / seconds / 1e3:.0f} ms for each second of speech")
    for operator, microseconds in times.most_common(ROWS):
        print(f"  {operator:<24}{microseconds / total:7.1%}{microseconds / seconds / 1e3:8.1f} ms")


def main() -> None:
    """Profile both graphs."""
    store = open_store(load_settings())
    model_file = store.path("kokoro-82m-int8") / "model.onnx"
    inputs = feed(VoiceBook(store.path("kokoro-voices")))
    show("as published", *profile(model_file.read_bytes(), inputs))
    show("as Sayso runs it", *profile(prepare_graph(model_file), inputs))


if __name__ == "__main__":
    main()
