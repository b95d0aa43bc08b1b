"""The graph in use against the published one, on the real model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from sayso.models import open_store
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import graft_durations, prepare_graph, session_options
from sayso.tts.engines.kokoro.vocabulary import PAD, SAMPLES_PER_FRAME, SYMBOLS
from sayso.tts.engines.kokoro.voices import VoiceBook

if TYPE_CHECKING:
    from sayso.types import FloatArray

pytestmark = pytest.mark.engine

SYMBOLS_SPOKEN = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɔɡ."


def spectrum_db(samples: FloatArray) -> FloatArray:
    """The power in 32 bands of equal width, every 10 ms, in decibels above -60."""
    windows = sliding_window_view(samples, 960)[::240] * np.hanning(960).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(windows)))[:, :480].reshape(len(windows), 32, 15).mean(axis=2)
    decibels: FloatArray = 10 * np.log10(power + 1e-6)
    return decibels


class Graphs(NamedTuple):
    """The model as we run it and as it is published, both with durations, and its voices."""

    ours: onnxruntime.InferenceSession
    published: onnxruntime.InferenceSession
    voices: VoiceBook


@pytest.fixture(scope="module")
def graphs() -> Graphs:
    store = open_store(load_settings())
    model_file = store.path("kokoro-82m-int8") / "model.onnx"
    model = onnx.load(str(model_file))
    graft_durations(model.graph)
    return Graphs(
        onnxruntime.InferenceSession(prepare_graph(model_file), session_options()),
        onnxruntime.InferenceSession(model.SerializeToString(), session_options()),
        VoiceBook(store.path("kokoro-voices")),
    )


@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_the_faster_graph_says_the_same(graphs: Graphs, voice: str, speed: float) -> None:
    """Every duration is the published graph's own, they add up to the audio, and the sound differs by rounding."""
    ids = [SYMBOLS[symbol] for symbol in SYMBOLS_SPOKEN]
    feed = {
        "tokens": np.array([[PAD, *ids, PAD]], np.int64),
        "style": graphs.voices.style(voice)[len(ids) - 1][np.newaxis],
        "speed": np.array([speed], np.float32),
    }

    audio, durations = graphs.ours.run(None, feed)
    published = graphs.published.run(None, feed)

    assert durations.shape == (1, len(ids) + 2)
    assert durations.tolist() == published[1].tolist()
    assert durations.sum() * SAMPLES_PER_FRAME == audio.size
    assert np.abs(spectrum_db(audio) - spectrum_db(published[0])).mean() < 1.5
