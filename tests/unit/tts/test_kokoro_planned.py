"""Kokoro's halves and plans, on the real model: the same audio, and sentences in pieces as good as whole ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from sayso.audio import segment_loudness
from sayso.models import open_store
from sayso.narration import Document, to_script
from sayso.narration.pacing import first_end, next_end
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import prepare_graph, session_options
from sayso.tts.engines.kokoro.model import KokoroModel
from sayso.tts.engines.kokoro.vocabulary import PAD, SYMBOLS
from sayso.tts.engines.kokoro.voices import VoiceBook
from sayso.tts.joins import shape
from sayso.tts.pieces import PieceJoiner
from sayso.tts.planned import plan_of

if TYPE_CHECKING:
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.types import Speech, Utterance

pytestmark = pytest.mark.engine

SYMBOLS_SPOKEN = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɔɡ."

SENTENCES = (
    "The harbour master wrote every single name in the ledger before the boats returned from the sea.",
    "When the evening came, all that the keeper had was an old coat, and the lamp wanted oil.",
    "Nobody had expected so many, since the storm had closed the channel for days!",
)


def test_the_halves_say_the_same_as_the_whole() -> None:
    """One after the other, they make the same samples and durations, bit by bit."""
    store = open_store(load_settings())
    model_file = store.path("kokoro-82m-int8") / "model.onnx"
    ids = [SYMBOLS[symbol] for symbol in SYMBOLS_SPOKEN]
    style = VoiceBook(store.path("kokoro-voices")).style("af_heart")[len(ids) - 1][np.newaxis]
    feed = {"tokens": np.array([[PAD, *ids, PAD]]), "style": style, "speed": np.array([1.0], np.float32)}
    whole = onnxruntime.InferenceSession(prepare_graph(model_file), session_options())
    audio, durations = whole.run(["audio", "durations"], feed)
    del whole

    model = KokoroModel(model_file.read_bytes(), model_file, threads=1, hint="")
    samples, frames = model.speak(ids, style, 1.0)

    assert model.is_divided
    assert np.array_equal(samples, audio.reshape(-1))
    assert np.array_equal(frames, durations.reshape(-1))


def in_pieces(engine: KokoroEngine, utterance: Utterance, voice: str) -> tuple[Speech, int]:
    """The utterance in short pieces, and how many they are."""
    planned = plan_of(engine, utterance, voice=voice, speed=1.0)
    assert planned is not None
    joiner, begin, count = PieceJoiner(planned.overlap_samples), planned.begin, 0
    while begin is not planned.end:
        if count:
            end = next_end(planned, begin, 24_000, allowed_seconds=1.2, is_contended=False)
        else:
            end = first_end(planned, 24_000)
        joiner.add(planned.synthesise(begin, end), is_last=end is planned.end)
        begin, count = end, count + 1
    return joiner.whole(24_000), count


@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
def test_a_sentence_in_pieces_is_spoken_as_the_whole(kokoro_engine: KokoroEngine, voice: str) -> None:
    """Its words begin when those of the whole do, so durations and pauses are the same, and it is as loud."""
    differences, levels = [], []
    for text in SENTENCES:
        script = to_script(Document(text=text, name="t", markdown=False), kokoro_engine, voice=voice)
        utterance = script.lines[0].utterance
        pieces, count = in_pieces(kokoro_engine, utterance, voice)
        whole = shape(kokoro_engine.synthesise(utterance, voice=voice, speed=1.0))
        assert count >= 3
        assert pieces.times is not None
        assert whole.times is not None
        differences += [
            abs(one.start_sample - other.start_sample) / 24
            for one, other in zip(pieces.times, whole.times, strict=True)
        ]
        one, other = (segment_loudness(speech.audio.samples, 24_000) for speech in (pieces, whole))
        assert one is not None
        assert other is not None
        levels.append(one - other)
    assert np.percentile(differences, 90) <= 20
    assert max(differences) <= 100  # the edge of a pause, as it is found in another sound
    assert abs(np.mean(levels)) < 1
    assert np.abs(levels).max() < 2
