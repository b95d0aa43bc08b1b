"""Kokoro's rewrites, on graphs that hold one pattern each: the results stay, the operators change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from sayso.tts.engines.kokoro.editor import NodeList
from sayso.tts.engines.kokoro.rewrites import speed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

CHANNELS, FRAMES = 6, 40


def model(constants: Mapping[str, NDArray[Any]], build: Callable[[NodeList], object]) -> onnx.ModelProto:
    """A model with the input ``x`` (1, channels, frames) and the output ``y``."""
    chain = NodeList("published")
    build(chain)
    chain.nodes[-1].output[0] = "y"
    used = {name for node in chain.nodes for name in node.input}
    graph = helper.make_graph(
        chain.nodes,
        "pattern",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, "channels", "frames"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(content, name) for name, content in constants.items() if name in used],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def run(proto: onnx.ModelProto, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The model's ``y``, with no help from onnxruntime's own rewrites."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    result: NDArray[np.float32] = onnxruntime.InferenceSession(proto.SerializeToString(), options).run(None, {"x": x})[
        0
    ]
    return result


def operators(proto: onnx.ModelProto) -> set[str]:
    """The operators that the model uses."""
    return {node.op_type for node in proto.graph.node}


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


NORM = {
    "axes": np.array([2]),
    "epsilon": np.array(1e-5, np.float32),
    "scale": noise(1, CHANNELS, 1, seed=1),
    "shift": noise(1, CHANNELS, 1, seed=2),
}
FREQUENCY = np.linspace(0.1, 8, CHANNELS, dtype=np.float32).reshape(1, CHANNELS, 1)
SNAKE = {**NORM, "a": FREQUENCY, "1/a": 1 / FREQUENCY, "two": np.array(2, np.float32)}


def norm(nodes: NodeList) -> str:
    """An instance norm as the published graph spells it."""
    centred = nodes.add("Sub", "x", nodes.add("ReduceMean", "x", "axes", keepdims=1))
    variance = nodes.add("ReduceMean", nodes.add("Mul", centred, centred), "axes", keepdims=1)
    deviation = nodes.add("Sqrt", nodes.add("Add", variance, "epsilon"))
    scaled = nodes.add("Mul", "scale", nodes.add("Div", centred, deviation))
    return nodes.add("Add", scaled, "shift")


def snake(nodes: NodeList) -> str:
    """A norm and the snake activation that follows it, as the published graph spells them."""
    values = norm(nodes)
    power = nodes.add("Pow", nodes.add("Sin", nodes.add("Mul", "a", values)), "two")
    return nodes.add("Add", values, nodes.add("Mul", "1/a", power))


def convolution(*, bias: bool = True, **attributes: Any) -> Callable[[NodeList], str]:
    """A dynamically quantised convolution as the published graph spells it."""

    def build(nodes: NodeList) -> str:
        quantised = nodes.add("DynamicQuantizeLinear", "x")
        quantiser = nodes.nodes[-1]
        quantiser.output.extend(["x scale", "x zero"])
        scales = nodes.add("Mul", "x scale", "w scale")
        sums = nodes.add("ConvInteger", quantised, "w", "x zero", "w zero", auto_pad="NOTSET", group=1, **attributes)
        if bias:
            rounded = nodes.add("Cast", nodes.add("Floor", nodes.add("Div", "bias", scales)), to=TensorProto.INT32)
            sums = nodes.add("Add", sums, nodes.add("Reshape", rounded, "channel shape"))
        return nodes.add("Mul", nodes.add("Cast", sums, to=TensorProto.FLOAT), scales)

    return build


def convolution_constants(outputs: int, inputs: int, taps: int, zero: int = 64) -> dict[str, NDArray[Any]]:
    """Weights in 7 of 8 bits, as the published graph has them."""
    return {
        "w": np.random.default_rng(3).integers(0, 128, (outputs, inputs, taps)).astype(np.uint8),
        "w zero": np.array(zero, np.uint8),
        "w scale": np.array(0.01, np.float32),
        "bias": noise(outputs, seed=4),
        "channel shape": np.array([1, -1, 1]),
    }


def test_a_norm_becomes_one_operator() -> None:
    """An instance norm gives the same numbers from InstanceNormalization, with none of its old operators left."""
    proto = model(NORM, norm)
    x = noise(1, CHANNELS, FRAMES) * 3 + 5
    before = run(proto, x)

    speed_up(proto.graph)

    assert operators(proto) == {"Reshape", "InstanceNormalization"}
    np.testing.assert_allclose(run(proto, x), before, atol=1e-4)


def test_a_norm_over_other_axes_stays() -> None:
    """A norm over the channels is not an instance norm."""
    proto = model({**NORM, "axes": np.array([1])}, norm)
    before = proto.SerializeToString()

    speed_up(proto.graph)

    assert proto.SerializeToString() == before


def test_a_snake_shares_the_pass_of_its_norm() -> None:
    """A snake activation gives the same numbers with its frequency folded into the norm and without Pow."""
    proto = model(SNAKE, snake)
    x = noise(1, CHANNELS, FRAMES)
    before = run(proto, x)

    speed_up(proto.graph)

    assert operators(proto) == {"Reshape", "Mul", "InstanceNormalization", "Sin", "Add"}
    np.testing.assert_allclose(run(proto, x), before, atol=1e-4)


@pytest.mark.parametrize("change", [{"two": np.array(3, np.float32)}, {"1/a": FREQUENCY}], ids=["cubed", "unrelated"])
def test_what_only_resembles_a_snake_stays(change: Mapping[str, NDArray[Any]]) -> None:
    """Another power or another amplitude is another function, and keeps its numbers."""
    proto = model({**SNAKE, **change}, snake)
    x = noise(1, CHANNELS, FRAMES)
    before = run(proto, x)

    speed_up(proto.graph)

    assert "Pow" in operators(proto)
    np.testing.assert_allclose(run(proto, x), before, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    taps=st.sampled_from([1, 3, 5, 11]),
    dilation=st.integers(1, 5),
    stride=st.integers(1, 6),
    padding=st.tuples(st.integers(0, 25), st.integers(0, 25)),
    bias=st.booleans(),
    frames=st.integers(51, 80),
)
def test_a_convolution_becomes_a_matrix_product(
    taps: int, dilation: int, stride: int, padding: tuple[int, int], bias: bool, frames: int
) -> None:
    """Any integer convolution over time equals its matrix product, but for the rounding of the bias."""
    constants = convolution_constants(5, 3, taps)
    build = convolution(bias=bias, kernel_shape=[taps], dilations=[dilation], strides=[stride], pads=list(padding))
    proto = model(constants, build)
    x = noise(1, 3, frames)
    before = run(proto, x)
    step = 0.01 * (x.max() - x.min()) / 255

    speed_up(proto.graph)

    assert "ConvInteger" not in operators(proto)
    assert "MatMulIntegerToFloat" in operators(proto)
    np.testing.assert_allclose(run(proto, x), before, atol=1.01 * step if bias else 1e-5)


def test_weights_that_need_eight_bits_stay_a_convolution() -> None:
    """Weights that int8 cannot hold less their zero point are left as they are, not rounded."""
    constants = convolution_constants(5, 3, 3, zero=0)
    constants["w"][0, 0, 0] = 255
    proto = model(constants, convolution(kernel_shape=[3], dilations=[1], strides=[1], pads=[1, 1]))
    before = proto.SerializeToString()

    speed_up(proto.graph)

    assert proto.SerializeToString() == before
