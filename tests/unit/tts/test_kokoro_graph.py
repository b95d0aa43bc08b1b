"""The duration graft on graphs small enough to reckon by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sayso.errors import ModelCorrupt, ModelMissing
from sayso.tts.engines.kokoro.graph import DURATIONS_OUTPUT, prepare_graph, session_options

if TYPE_CHECKING:
    from pathlib import Path


def predictor(suffix: str = "", clip: str = "Clip") -> list[onnx.NodeProto]:
    """A duration predictor in Kokoro's form; ``clip`` is the operator that ends it."""
    names = [f"{name}{suffix}" for name in ("likely", "sum", "frames", "rounded", "clipped")]
    return [
        helper.make_node("Sigmoid", ["logits"], [names[0]]),
        helper.make_node("ReduceSum", [names[0], "last_axis"], [names[1]], keepdims=0),
        helper.make_node("Div", [names[1], "speed"], [names[2]]),
        helper.make_node("Round", [names[2]], [names[3]]),
        helper.make_node(clip, [names[3], "one"], [names[4]]),
    ]


def write_model(path: Path, nodes: list[onnx.NodeProto]) -> Path:
    """Write a model of ``nodes`` whose audio is its last node's output."""
    nodes = [*nodes, helper.make_node("Identity", [nodes[-1].output[0]], ["audio"])]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, (1, "n", 50)),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, (1,)),
        ],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(np.array([-1], np.int64), "last_axis"),
            numpy_helper.from_array(np.array(1, np.float32), "one"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), str(path))
    return path


def test_the_durations_are_the_predictor_s_own(tmp_path: Path) -> None:
    """The second output holds the whole frames of each token, at least one, shortened by the speed."""
    serialised = prepare_graph(write_model(tmp_path / "model.onnx", predictor()))
    session = onnxruntime.InferenceSession(serialised, session_options())
    logits = np.full((1, 3, 50), -100, np.float32)
    logits[0, 0, :] = 100
    logits[0, 1, :12] = 100
    inputs = {"logits": logits, "speed": np.array([2], np.float32)}

    (durations,) = session.run([DURATIONS_OUTPUT], inputs)

    assert durations.dtype == np.int64
    assert durations.tolist() == [[25, 6, 1]]


def test_the_first_output_stays_the_audio(tmp_path: Path) -> None:
    """What reads the outputs by position still finds the audio first."""
    serialised = prepare_graph(write_model(tmp_path / "model.onnx", predictor()))

    outputs = [output.name for output in onnxruntime.InferenceSession(serialised).get_outputs()]

    assert outputs == ["audio", "durations"]


@pytest.mark.parametrize(
    "nodes",
    [predictor(clip="Max"), predictor()[:2], [*predictor("_a"), *predictor("_b")]],
    ids=["other", "cut", "two"],
)
def test_a_graph_without_exactly_one_predictor_is_refused(tmp_path: Path, nodes: list[onnx.NodeProto]) -> None:
    """A model whose durations cannot be told for certain is not used."""
    with pytest.raises(ModelCorrupt, match="duration predictors where Kokoro has one"):
        prepare_graph(write_model(tmp_path / "model.onnx", nodes))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file or an error page saved as a model is named as corrupt."""
    path = tmp_path / "model.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelCorrupt):
        prepare_graph(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    """A model that was never fetched is told apart from a broken one."""
    with pytest.raises(ModelMissing):
        prepare_graph(tmp_path / "model.onnx")
