"""Piper's descriptions and graphs, with a voice small enough to reckon by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sayso.errors import InvalidInput, ModelCorrupt, ModelMissing, UnknownVoice, UtteranceTooLong
from sayso.testing import FakeG2P
from sayso.tts.engines.piper import PiperEngine
from sayso.tts.engines.piper.config import read_config
from sayso.tts.engines.piper.engine import BORDER_LAGS
from sayso.tts.engines.piper.graph import DURATIONS_OUTPUT, prepare_graph
from sayso.tts.phonemes.phrasing import phrase
from sayso.tts.timing.borders import Manner
from support.text.utterances import utterance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sayso.types import Speech

SYMBOLS = "_^$ abcdefghijklmnopqrstuvwxyz,.;!?:\u0327"
HOP = 256
LAG = BORDER_LAGS.before[Manner.VOICELESS_STOP] + BORDER_LAGS.after[Manner.VOICED_STOP]
"""Of the border between "ab" and "c"."""


def description(**changes: Any) -> dict[str, Any]:
    """The JSON of a voice, with some of its entries changed."""
    return {
        "audio": {"sample_rate": 22_050},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.5, "length_scale": 1.5, "noise_w": 0.8},
        "num_speakers": 1,
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(SYMBOLS)},
        "phoneme_type": "espeak",
        **changes,
    }


def node(operator: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def toy_graph(*, hop: int = HOP, ceilings: int = 1) -> bytes:
    """A graph with Piper's interface: each symbol lasts as many frames as its number and the pace say; noise sounds."""
    nodes = [
        node("Cast", "input", "numbers", to=TensorProto.FLOAT),
        node("Gather", "scales one", "length_scale"),
        node("Mul", "numbers length_scale", "lengths"),
        node("Ceil", "lengths", "frames"),
        *(node("Ceil", "lengths", f"ceiling_{number}") for number in range(1, ceilings)),
        node("ReduceSum", "frames", "total", keepdims=0),
        node("Mul", "total hop", "length"),
        node("Cast", "length", "whole_length", to=TensorProto.INT64),
        node("Unsqueeze", "whole_length zero", "shape"),
        node("Expand", "quiet shape", "canvas"),
        node("RandomNormalLike", "canvas", "noise", dtype=TensorProto.FLOAT),
        node("RandomNormalLike", "canvas", "more_noise", dtype=TensorProto.FLOAT),
        node("Add", "noise more_noise", "sum"),
        node("Tanh", "sum", "output"),
    ]
    constants: dict[str, NDArray[Any]] = {
        "zero": np.array([0], np.int64),
        "one": np.array(1, np.int64),
        "hop": np.array(hop, np.float32),
        "quiet": np.array([0], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "voice",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, (1, "phonemes")),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, (1,)),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, (3,)),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    serialised: bytes = model.SerializeToString()
    return serialised


def write_voice(directory: Path, name: str = "en_US-toy-low", graph: bytes | None = None, **changes: Any) -> Path:
    """Put a voice into a directory and return its JSON's path."""
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.onnx").write_bytes(toy_graph() if graph is None else graph)
    file = directory / f"{name}.onnx.json"
    file.write_text(json.dumps(description(**changes)), encoding="utf-8")
    return file


def say(engine: PiperEngine, text: str, speed: float = 1.0, voice: str = "en_US-toy-low") -> Speech:
    return engine.synthesise(utterance(text), voice=voice, speed=speed)


def test_a_voice_is_described_by_its_json(tmp_path: Path) -> None:
    """Language, rate and scales are the voice's own."""
    config = read_config(write_voice(tmp_path))

    assert (config.language, config.sample_rate_hz, config.samples_per_frame) == ("en-us", 22_050, HOP)
    assert (config.noise_scale, config.length_scale, config.duration_noise_scale) == (0.5, 1.5, 0.8)
    assert config.model_file == tmp_path / "en_US-toy-low.onnx"


def test_every_symbol_is_followed_by_a_pad(tmp_path: Path) -> None:
    """The graph reads what it was trained on: begin, pad, then symbol and pad in turn, then end."""
    config = read_config(write_voice(tmp_path))

    assert config.numbers("a b") == [1, 0, 4, 0, 3, 0, 5, 0, 2]


def test_speech_is_written_as_the_voice_was_taught(tmp_path: Path) -> None:
    """Ties go, accents stand apart, unknown letters and Piper's own signs are left out; marks are clause ends."""
    notation = read_config(write_voice(tmp_path)).notation

    assert notation.phonemes("t\u0361s", "en-us") == "ts"
    assert notation.phonemes("ç", "en-us") == "c\u0327"
    assert notation.phonemes("a_^$ ☃b", "en-us") == "ab"
    assert notation.marks(" — ") == ";"
    assert notation.marks("...”)") == ";"
    assert notation.marks("?!") == "?!"
    assert phrase(utterance("“so,” he (said)"), FakeG2P(), notation).symbols == "so, he said"


@pytest.mark.parametrize(
    "changes",
    [
        {"num_speakers": 2},
        {"phoneme_type": "text"},
        {"vowel_clusters": [["a", "i"]]},
        {"audio": {}},
        {"espeak": None},
        {"phoneme_id_map": {"a": [1]}},
        {"phoneme_id_map": {"a": []}},
        {"inference": {"noise_scale": "loud"}},
    ],
)
def test_a_voice_that_would_be_misread_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Another alphabet, several speakers or a missing entry is named, never guessed at."""
    with pytest.raises(ModelCorrupt, match="en_US-toy-low"):
        read_config(write_voice(tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"<html>not found</html>", b"\xff\xfe"])
def test_a_description_that_is_none_is_corrupt(tmp_path: Path, content: bytes) -> None:
    """An empty file or an error page saved as JSON is named."""
    file = tmp_path / "voice.onnx.json"
    file.write_bytes(content)

    with pytest.raises(ModelCorrupt, match="voice"):
        PiperEngine([tmp_path], FakeG2P())


def test_a_description_without_its_model_is_missing(tmp_path: Path) -> None:
    """Half a voice is not installed."""
    write_voice(tmp_path).with_suffix("").unlink()

    with pytest.raises(ModelMissing, match="onnx"):
        PiperEngine([tmp_path], FakeG2P())


def test_the_durations_come_out(tmp_path: Path) -> None:
    """The second output holds each symbol's frames, and together they are the audio."""
    path = tmp_path / "voice.onnx"
    path.write_bytes(toy_graph())
    session = onnxruntime.InferenceSession(prepare_graph(path))
    feed = {
        "input": np.array([[1, 0, 4, 0, 2]], np.int64),
        "input_lengths": np.array([5], np.int64),
        "scales": np.array([0.5, 1.5, 0.8], np.float32),
    }

    audio, durations = session.run(["output", DURATIONS_OUTPUT], feed)

    assert durations.tolist() == [[2, 0, 6, 0, 3]]
    assert audio.size == 11 * HOP


def test_the_noise_stands_still_and_is_noise(tmp_path: Path) -> None:
    """Every run draws the same numbers, of a normal distribution, and the two sources draw different ones."""
    path = tmp_path / "voice.onnx"
    path.write_bytes(toy_graph())
    session = onnxruntime.InferenceSession(prepare_graph(path))
    feed = {
        "input": np.full((1, 99), 4, np.int64),
        "input_lengths": np.array([99], np.int64),
        "scales": np.array([0.5, 1.5, 0.8], np.float32),
    }

    first, second = session.run(["output"], feed)[0], session.run(["output"], feed)[0]
    drawn = np.arctanh(first.astype(np.float64).clip(-0.999999, 0.999999))

    assert np.array_equal(first, second)
    assert abs(drawn.mean()) < 0.02
    assert drawn.std() == pytest.approx(np.sqrt(2), rel=0.02)
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02


@pytest.mark.parametrize("graph", [toy_graph(ceilings=2), toy_graph(hop=300), b"", b"<html>not found</html>"])
def test_a_graph_whose_times_cannot_be_trusted_is_refused(tmp_path: Path, graph: bytes) -> None:
    """Several places that round up, durations that do not add up to the audio, no graph at all: nothing is spoken."""
    write_voice(tmp_path, graph=graph)

    with pytest.raises(ModelCorrupt, match="en_US-toy-low"):
        say(PiperEngine([tmp_path], FakeG2P()), "a")


def test_a_faster_speed_shortens_every_symbol(tmp_path: Path) -> None:
    """The pace is the voice's own divided by the speed, fractions included."""
    write_voice(tmp_path)
    engine = PiperEngine([tmp_path], FakeG2P())
    numbers = np.array(engine._voices["en_US-toy-low"].numbers("bad"))

    for speed in (0.5, 0.9, 1.0, 1.1, 2.0):
        frames = np.ceil(numbers.astype(np.float32) * np.float32(1.5 / speed)).sum()
        assert say(engine, "bad", speed).audio.samples.size == frames * HOP


def test_words_begin_and_end_with_their_symbols(tmp_path: Path) -> None:
    """In a sound without silence, a word lasts as its phonemes do, and the space is the next one's."""
    write_voice(tmp_path, inference={"noise_scale": 0.5, "length_scale": 1, "noise_w": 0.8})
    speech = say(PiperEngine([tmp_path], FakeG2P()), "ab c", speed=1.0)

    # begin 1, then a 4, b 5, space 3, c 6, end 2; the pads last no time.
    border = 10 * HOP + LAG
    assert speech.times is not None
    assert [(time.start_sample, time.end_sample) for time in speech.times] == [(HOP, border), (border, 19 * HOP)]
    assert speech.audio.samples.size == 21 * HOP


def test_a_voice_of_another_rate_speaks_at_the_engine_s(tmp_path: Path) -> None:
    """A 16 kHz voice lasts as long and has its words at the same moments, at the engine's rate."""
    write_voice(tmp_path, name="small", audio={"sample_rate": 16_000})
    speech = say(PiperEngine([tmp_path], FakeG2P()), "ab c", voice="small")

    assert speech.audio.sample_rate_hz == PiperEngine.sample_rate_hz
    assert speech.times is not None
    seconds = [time.start_sample / speech.audio.sample_rate_hz for time in speech.times]
    # At 1.5: begin 2, a 6, b 8, space 5 (4.5 rounded up), which is the second word's.
    border = 16 * HOP / 16_000 + LAG / PiperEngine.sample_rate_hz
    assert seconds == pytest.approx([2 * HOP / 16_000, border], abs=0.001)
    assert speech.audio.duration_seconds == pytest.approx((2 + 6 + 8 + 5 + 9 + 3) * HOP / 16_000, abs=0.001)


def test_the_voices_of_all_directories_are_listed(tmp_path: Path) -> None:
    """Every voice once, by name; of two of the same name the first directory's counts."""
    write_voice(tmp_path / "one", name="fr_FR-b-low", espeak={"voice": "fr-fr"})
    write_voice(tmp_path / "one", name="en_US-a-low")
    write_voice(tmp_path / "two", name="en_US-a-low", espeak={"voice": "en-gb"})
    engine = PiperEngine([tmp_path / "one", tmp_path / "two"], FakeG2P())

    assert [(voice.name, voice.language) for voice in engine.voices()] == [
        ("en_US-a-low", "en-us"),
        ("fr_FR-b-low", "fr-fr"),
    ]


def test_the_fingerprint_covers_the_voices(tmp_path: Path) -> None:
    """Another description, another model or another voice is another sound."""
    fingerprints = []
    write_voice(tmp_path)
    for changes in (
        {},
        {"inference": {"noise_scale": 0.1, "length_scale": 1, "noise_w": 0.8}},
        {"graph": toy_graph(hop=1)},
    ):
        write_voice(tmp_path, **changes)
        fingerprints.append(PiperEngine([tmp_path], FakeG2P()).fingerprint)
    write_voice(tmp_path, name="another")
    fingerprints.append(PiperEngine([tmp_path], FakeG2P()).fingerprint)

    assert len(set(fingerprints)) == 4
    assert PiperEngine([tmp_path], FakeG2P()).fingerprint == fingerprints[-1]


def test_no_voices_are_no_error_until_one_is_asked_for(tmp_path: Path) -> None:
    """An empty directory lists nothing, and every voice is unknown."""
    engine = PiperEngine([tmp_path], FakeG2P())

    assert engine.voices() == []
    with pytest.raises(UnknownVoice):
        engine.language_of("en_US-joe-medium")


def test_what_is_said_is_checked_before_a_model_is_loaded(tmp_path: Path) -> None:
    """A wrong request costs no loading, and 510 symbols are the most there may be."""
    write_voice(tmp_path, graph=b"never read")
    engine = PiperEngine([tmp_path], FakeG2P())

    with pytest.raises(InvalidInput):
        say(engine, "a", speed=3)
    with pytest.raises(UtteranceTooLong, match="511"):
        say(engine, "a" * 511)
    with pytest.raises(ModelCorrupt):
        say(engine, "a" * 510)


def test_the_engine_says_how_many_calls_it_likes(tmp_path: Path) -> None:
    """What was set counts, else one call per processor."""
    assert PiperEngine([tmp_path], FakeG2P(), workers=3).workers == 3
    assert PiperEngine([tmp_path], FakeG2P()).workers >= 1


def test_the_utterance_s_language_chooses_the_phonemes(tmp_path: Path) -> None:
    """A voice speaks the language it is asked to, as far as its symbols go."""
    write_voice(tmp_path)
    asked = []

    class Transcription(FakeG2P):
        def pronounce(self, words: Any, language: str) -> list[str]:
            asked.append(language)
            return super().pronounce(words, language)

    engine = PiperEngine([tmp_path], Transcription())
    engine.synthesise(replace(utterance("oui"), language="fr-fr"), voice="en_US-toy-low", speed=1.0)

    assert asked == ["fr-fr"]
