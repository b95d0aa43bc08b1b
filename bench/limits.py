"""What this machine could do, and the share of it that speech and transcription reach.

The limit is measured, not read from a data sheet: the products a second of one large matrix product in onnxruntime,
of bytes (unsigned with signed, as all quantised parts of ours are) and of 32-bit numbers. Times are processor time, on
one thread, and the best of several runs, since other work on the machine only ever takes away.

Kokoro's products are counted from the shapes that onnxruntime's profiler gives, for its graph as Sayso runs it without
native kernels, and one sentence. The time is that of the whole call; so the share says how far the whole is from a
machine that does nothing but multiply, and the share of the products' own operators how good those are. Whisper's
encoder gets 30 seconds, whatever is in them; its products follow from the sizes in its weights.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from math import isqrt, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from bench.profile_kokoro import feed
from bench.report import Figure, Result, Table
from sayso.models import open_store
from sayso.scheduling import UNBOUNDED
from sayso.settings import load_settings
from sayso.stt.recording import SAMPLE_RATE_HZ as HEARD_RATE_HZ
from sayso.stt.whisper.model import LoadedWhisper
from sayso.tts.engines.kokoro.graph import prepare_graph, session_options
from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ
from sayso.tts.engines.kokoro.voices import VoiceBook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SIDE = 1024
_RUNS = 12
_WHISPER_SECONDS = 30
_GIGA = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A part of the work: its products and its time on one thread.

    Attributes:
        name: of the part.
        products: for a second of audio.
        seconds: for a second of audio.
    """

    name: str
    products: float
    seconds: float

    @property
    def rate(self) -> float:
        """Products a second."""
        return self.products / self.seconds


def measure_limits() -> Result:
    """Measure the machine, Kokoro and Whisper's encoder."""
    limits = {name: _products_a_second(name) for name in ("8 bits", "32 bits")}
    parts = (*_kokoro(), _whisper_encoder())
    limit = limits["8 bits"]
    figures = [
        Figure(
            name=f"share of the 8-bit limit: {part.name}",
            value=100 * part.rate / limit,
            unit="%",
            compared_to="one thread, a large product in onnxruntime",
            decimals=0,
        )
        for part in parts
    ]
    return Result(name="limits", figures=figures, tables=(_machine(limits), _parts(parts, limit)), notes=(_NOTE,))


_NOTE = "The limit is that of onnxruntime's products; native kernels may exceed it where they use other instructions."


def _machine(limits: Mapping[str, float]) -> Table:
    rows = [(name, f"{rate / _GIGA:.0f}") for name, rate in limits.items()]
    columns = ("numbers", "10⁹ products a second")
    return Table(title="What a large matrix product reaches here, on one thread", columns=columns, rows=rows)


def _parts(parts: Sequence[_Part], limit: float) -> Table:
    rows = [
        (
            part.name,
            f"{part.products / _GIGA:.2f}",
            f"{1000 * part.seconds:.1f}",
            f"{part.rate / _GIGA:.0f}",
            f"{100 * part.rate / limit:.0f}",
            f"{1000 * part.products / limit:.1f}",
        )
        for part in parts
    ]
    columns = ("part", "10⁹ products", "ms", "10⁹ products a second", "share of the 8-bit limit, %", "ms at the limit")
    return Table(title="For each second of audio, on one thread", columns=columns, rows=rows)


def _products_a_second(name: str) -> float:
    """The best rate of a product of two square matrices, the second of which is constant."""
    generator = np.random.default_rng(1)
    if name == "8 bits":
        kinds = (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32)
        first = generator.integers(0, 255, (_SIDE, _SIDE)).astype(np.uint8)
        second = generator.integers(-127, 127, (_SIDE, _SIDE)).astype(np.int8)
    else:
        kinds = (TensorProto.FLOAT,) * 3
        first, second = (generator.standard_normal((2, _SIDE, _SIDE))).astype(np.float32)
    shape = [_SIDE, _SIDE]
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger" if name == "8 bits" else "MatMul", ["first", "second"], ["product"])],
        "limit",
        [helper.make_tensor_value_info("first", kinds[0], shape)],
        [helper.make_tensor_value_info("product", kinds[2], shape)],
        [helper.make_tensor("second", kinds[1], shape, second.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return _SIDE**3 / _shortest(lambda: session.run(None, {"first": first}))


def _shortest(call: Callable[[], object]) -> float:
    """The shortest processor time of several calls, in seconds."""
    seconds = []
    for _ in range(_RUNS):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return min(seconds)


def _kokoro() -> tuple[_Part, _Part]:
    """The whole call, and the operators that multiply matrices with what they are made of."""
    store = open_store(load_settings())
    graph = prepare_graph(store.path("kokoro-82m-int8") / "model.onnx")
    inputs = feed(VoiceBook(store.path("kokoro-voices")))
    options = session_options()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options)
    seconds = session.run(["audio"], inputs)[0].size / SAMPLE_RATE_HZ
    whole = _shortest(lambda: session.run(["audio"], inputs))
    with tempfile.TemporaryDirectory() as directory:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(directory, "kokoro"))
        session = onnxruntime.InferenceSession(graph, options)
        session.run(["audio"], inputs)
        events = json.loads(Path(session.end_profiling()).read_bytes())
    products, microseconds = products_and_times(events, _weights(graph))
    total = products.total() / seconds
    share = sum(microseconds[operator] for operator in products) / microseconds.total()
    return (
        _Part(name="Kokoro, all", products=total, seconds=whole / seconds),
        _Part(name="Kokoro, operators with products", products=total, seconds=whole * share / seconds),
    )


def _weights(graph: bytes) -> Mapping[str, Sequence[int]]:
    """The shape of the second input of each node for which that is a constant, by the node's name."""
    loaded = onnx.load_model_from_string(graph).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in loaded.initializer}
    return {node.name: shapes[node.input[1]] for node in loaded.node if len(node.input) > 1 and node.input[1] in shapes}


def products_and_times(
    events: Sequence[Mapping[str, Any]], weights: Mapping[str, Sequence[int]]
) -> tuple[Counter[str], Counter[str]]:
    """The products and the microseconds of each operator in what onnxruntime's profiler wrote of one run.

    An operator without products is not in the first.

    Args:
        events: as the profiler wrote them.
        weights: the shapes of the weights by the node's name, for convolutions whose weights were packed: packed
            weights are not among the inputs.
    """
    products: Counter[str] = Counter()
    microseconds: Counter[str] = Counter()
    for event in events:
        if event["cat"] != "Node" or not event["name"].endswith("_kernel_time"):
            continue
        operator = event["args"]["op_name"]
        microseconds[operator] += event["dur"]
        inputs, outputs = (
            [shape for each in event["args"].get(side, []) for shape in each.values()]
            for side in ("input_type_shape", "output_type_shape")
        )
        if "Conv" in operator:
            inputs = [inputs[0], weights.get(event["name"].removesuffix("_kernel_time"), inputs[-1])]
        if count := _products(operator, inputs, outputs):
            products[operator] += count
    return products, microseconds


def _products(operator: str, inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> int:
    """The products of one operator."""
    if "LSTM" in operator:
        steps, directions, _, width = outputs[0]
        return steps * directions * 4 * width * (inputs[0][-1] + width)
    if "ConvTranspose" in operator:
        return prod(inputs[0]) * prod(inputs[1][1:])
    if "Conv" in operator:
        return prod(outputs[0]) * prod(inputs[1][1:])
    if operator == "FusedMatMul":  # either side may be transposed: what both have and the product has not
        return isqrt(prod(inputs[0]) * prod(inputs[1][-2:]) * prod(outputs[0]))
    if "MatMul" in operator or "Gemm" in operator:
        return prod(outputs[0]) * inputs[0][-1]
    return 0


def _whisper_encoder() -> _Part:
    """The encoder of whisper-base as CTranslate2 computes it, with 8 bits."""
    directory = open_store(load_settings()).path("whisper-base")
    model = LoadedWhisper(directory, workers=1)
    sound = np.random.default_rng(1).standard_normal(_WHISPER_SECONDS * HEARD_RATE_HZ).astype(np.float32) * 0.01
    frames, width = np.array(model.encode([sound], UNBOUNDED)).shape[1:]
    seconds = _shortest(lambda: np.array(model.encode([sound], UNBOUNDED)))
    products = encoder_products(frames=frames, width=width, layers=_layers(directory), mels=80)
    return _Part(
        name="Whisper's encoder, features and all",
        products=products / _WHISPER_SECONDS,
        seconds=seconds / _WHISPER_SECONDS,
    )


def _layers(directory: Path) -> int:
    """How many layers the encoder has, by the names in its weights."""
    weights = (directory / "model.bin").read_bytes()
    number = 0
    while f"encoder/layer_{number}/".encode() in weights:
        number += 1
    return number


def encoder_products(*, frames: int, width: int, layers: int, mels: int) -> int:
    """The products of Whisper's encoder: two convolutions, and layers of attention and a network four times as wide."""
    convolutions = 2 * frames * width * 3 * mels + frames * width * 3 * width
    layer = frames * 12 * width**2 + 2 * frames**2 * width
    return convolutions + layers * layer
