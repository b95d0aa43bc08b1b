"""Kokoro with native kernels against its graphs, on the real model."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from structlog.testing import capture_logs

from sayso.models import open_store
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import graft_durations, prepared_model, session_options
from sayso.tts.engines.kokoro.halves import divide
from sayso.tts.engines.kokoro.kernels import load_kernels
from sayso.tts.engines.kokoro.model import KokoroModel
from sayso.tts.engines.kokoro.native import NativeStage
from sayso.tts.engines.kokoro.vocabulary import PAD, SAMPLES_PER_FRAME, SYMBOLS
from sayso.tts.engines.kokoro.vocoder import GraphVocoder, NativeVocoder, open_vocoder
from sayso.tts.engines.kokoro.voices import VoiceBook
from sayso.tts.engines.onnx_session import open_session
from support.kernels import compiled
from support.missing_parts import missing

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.tts.engines.kokoro.kernels import Kernels
    from sayso.types import FloatArray

pytestmark = pytest.mark.engine

ENGLISH = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɔɡ."
FRENCH = "lə vˈɑ̃ sufl syʁ la mˈɛʁ, e lə fˈaʁ ɛt alymˈe."


class Models(NamedTuple):
    """The model with native kernels and without, as published, and its voices."""

    native: KokoroModel
    graph: KokoroModel
    published: onnxruntime.InferenceSession
    voices: VoiceBook


@pytest.fixture(scope="module")
def model_file() -> Path:
    return open_store(load_settings()).path("kokoro-82m-int8") / "model.onnx"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    loaded = load_kernels(compiled(tmp_path_factory.mktemp("kernels")))
    if loaded is None:
        missing("This processor has none of the instruction sets.")
    return loaded


@pytest.fixture(scope="module")
def models(model_file: Path, kernels: Kernels) -> Models:
    content = model_file.read_bytes()
    published = onnx.load_from_string(content)
    graft_durations(published.graph)
    return Models(
        KokoroModel(content, model_file, threads=1, hint="", kernels=kernels),
        KokoroModel(content, model_file, threads=1, hint=""),
        onnxruntime.InferenceSession(published.SerializeToString(), session_options()),
        VoiceBook(open_store(load_settings()).path("kokoro-voices")),
    )


def mel_db(samples: FloatArray) -> FloatArray:
    """The power in 80 bands of equal width on the mel scale, every 11 ms, in decibels above -60."""
    windows = sliding_window_view(samples, 1024)[::256] * np.hanning(1024)
    power = np.square(np.abs(np.fft.rfft(windows)))
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 12000 / 700), 82) / 2595) - 1)
    bins = np.fft.rfftfreq(1024, 1 / 24000)
    rising = (bins - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - bins) / np.diff(edges)[1:, np.newaxis]
    decibels: FloatArray = 10 * np.log10(power @ np.maximum(0, np.minimum(rising, falling)).T + 1e-6)
    return decibels


def symbols(text: str) -> list[int]:
    """The numbers of the symbols that the model knows."""
    return [SYMBOLS[symbol] for symbol in text if symbol in SYMBOLS]


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        *((voice, ENGLISH) for voice in ("af_heart", "am_michael", "bf_emma", "bm_george")),
        ("ff_siwis", FRENCH),
    ],
)
def test_native_speech_is_as_near_to_the_published_model_as_the_graph_is(models: Models, voice: str, text: str) -> None:
    """Durations are the published graph's own, and the spectrum is no further from it than that of the graph in use."""
    ids = symbols(text)
    style = models.voices.style(voice)[len(ids) - 1][np.newaxis]
    feed = {"tokens": np.array([[PAD, *ids, PAD]]), "style": style, "speed": np.ones(1, np.float32)}
    audio, durations = models.published.run(["audio", "durations"], feed)
    wanted = mel_db(audio.reshape(-1))

    native, frames = models.native.speak(ids, style, 1.0)
    graph, _ = models.graph.speak(ids, style, 1.0)

    assert np.array_equal(frames, durations.reshape(-1))
    of_native, of_graph = (float(np.abs(mel_db(samples) - wanted).mean()) for samples in (native, graph))
    assert of_native < of_graph + 0.15


def test_parts_of_an_utterance_are_made_natively(models: Models) -> None:
    """Any range of frames, down to one, sounds as the graph makes it."""
    ids = symbols(ENGLISH)
    prosody = models.native.prosody(ids, models.voices.style("af_heart")[len(ids) - 1][np.newaxis], 1.0)
    for begin, end in ((0, 1), (20, 21), (10, 60), (40, prosody.aligned.shape[2])):
        native, graph = (model.sound(prosody, begin, end) for model in (models.native, models.graph))
        assert native.size == (end - begin) * SAMPLES_PER_FRAME
        assert np.isfinite(native).all()
        if native.size > 1024:
            assert np.abs(mel_db(native) - mel_db(graph)).mean() < 1.5


def test_kernels_that_compute_something_else_are_not_used(
    model_file: Path, kernels: Kernels, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-test notices it when the model is loaded; the log warns, and the graph makes the sound."""
    halves = divide(prepared_model(model_file.read_bytes(), model_file))
    assert halves is not None
    open_graph = functools.partial(open_session, options=session_options(), model_file=model_file, hint="")
    run = NativeStage.run

    def with_one_wrong_frame(self: NativeStage, *inputs: FloatArray) -> FloatArray:
        result = run(self, *inputs)
        result[-1] += result[-2]
        return result

    monkeypatch.setattr(NativeStage, "run", with_one_wrong_frame)
    with capture_logs() as logs:
        vocoder = open_vocoder(halves.vocoder, open_graph, open_graph, kernels)
    assert isinstance(vocoder, GraphVocoder)
    assert {(each["event"], each["log_level"]) for each in logs} == {
        ("the native kernels do not compute what the graph does", "warning")
    }
    ids = symbols(ENGLISH)
    prosody = models.graph.prosody(ids, models.voices.style("af_heart")[len(ids) - 1][np.newaxis], 1.0)
    feed = {name: getattr(prosody, name) for name in ("aligned", "pitch", "loudness", "style")}
    assert np.array_equal(vocoder.sound(feed).reshape(-1), models.graph.sound(prosody, 0, prosody.aligned.shape[2]))


def test_a_model_that_is_built_otherwise_runs_as_a_graph(model_file: Path, kernels: Kernels) -> None:
    """Where one residual block is not the published one's, nothing is replaced."""
    halves = divide(prepared_model(model_file.read_bytes(), model_file))
    assert halves is not None
    open_graph = functools.partial(open_session, options=session_options(), model_file=model_file, hint="")
    sine = next(
        node
        for node in reversed(halves.vocoder.graph.node)
        if node.op_type == "Sin" and "resblocks" in node.name + node.output[0]
    )
    sine.op_type = "Cos"
    assert isinstance(open_vocoder(halves.vocoder, open_graph, open_graph, kernels), GraphVocoder)


def test_the_native_path_was_taken(models: Models) -> None:
    """Else the tests above would compare the graph with itself."""
    assert isinstance(models.native._vocoder, NativeVocoder)
    assert isinstance(models.graph._vocoder, GraphVocoder)
