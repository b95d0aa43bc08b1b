"""Where Kokoro's time goes, by operator: what would have to become faster for the whole to.

For the published graph and for the one that Sayso runs, on one thread, as `bench.profile_kokoro` measures it. An
operator with the share s, made k times as fast, leaves 1 - s + s / k of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.profile_kokoro import ROWS, VOICE, feed, profile
from bench.report import Figure, Result, Table
from sayso.models import open_store
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import prepare_graph
from sayso.tts.engines.kokoro.voices import VoiceBook

if TYPE_CHECKING:
    from collections import Counter


def measure_profile() -> Result:
    """Profile both graphs on one sentence."""
    store = open_store(load_settings())
    model_file = store.path("kokoro-82m-int8") / "model.onnx"
    inputs = feed(VoiceBook(store.path("kokoro-voices")))
    published, published_seconds = profile(model_file.read_bytes(), inputs)
    ours, our_seconds = profile(prepare_graph(model_file), inputs)
    saved = published.total() / published_seconds / (ours.total() / our_seconds)
    figure = Figure(
        name="speed of the graph as Sayso runs it",
        value=saved,
        unit="×",
        compared_to=f"the published graph: operators' time, one thread, one sentence by {VOICE}",
    )
    tables = (_table("As published", published, published_seconds), _table("As Sayso runs it", ours, our_seconds))
    return Result(name="profile", figures=(figure,), tables=tables)


def _table(title: str, times: Counter[str], seconds: float) -> Table:
    rows = [
        (operator, f"{100 * microseconds / times.total():.1f}", f"{microseconds / seconds / 1e3:.1f}")
        for operator, microseconds in times.most_common(ROWS)
    ]
    columns = ("operator", "share, %", "ms per audio s")
    return Table(title=f"{title}: {times.total() / seconds / 1e3:.0f} ms per audio second", columns=columns, rows=rows)
