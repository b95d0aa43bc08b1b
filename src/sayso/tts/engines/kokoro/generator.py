"""Finds the residual blocks in Kokoro's generator, and divides the vocoder's graph around them.

The generator makes sound in two stages. Each adds what is made of the pitch to an upsampled signal, and takes the mean
of three residual blocks of that (Kong et al. 2020, "HiFi-GAN", with the adaptive norms of StyleTTS 2): about three
quarters of the work of the whole model. `divide_generator` finds them by their structure in the graph as `rewrites`
leave it, and gives their constants and the three graphs around them, so that another implementation can compute them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import TensorProto, helper

from sayso.tts.engines.kokoro.editor import GraphEditor, attributes_of
from sayso.tts.engines.kokoro.generator_parts import Block, Convolution, FloatConvolution, Stage, Upsampling
from sayso.tts.engines.kokoro.halves import named, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

PAIRS: Final = 3
BLOCKS: Final = 4
STAGES: Final = 2

_PRODUCT_INPUTS: Final = 7
_FEWEST_TAPS: Final = 2
_SLOPE: Final = 0.01
"""Of ONNX's LeakyRelu where it names none."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Generator:
    """The vocoder without its generator, and the generator's parts in order: up, stage, up, stage, last.

    Attributes:
        upsamplings: two of them.
        stages: two of them.
        last: the convolution after them.
        styles: the outputs of the first graph that hold each stage's norms, float32, for each block and convolution the
            scales, then the shifts.
        graphs: two serialised models. The first one's inputs are the vocoder's, its outputs the first upsampling's
            source, both stages' ``source``, and ``styles``; the second one's input is the result of ``last``, its
            output ``audio``.
    """

    upsamplings: Sequence[Upsampling]
    stages: Sequence[Stage]
    last: FloatConvolution
    styles: Sequence[str]
    graphs: Sequence[bytes]


def divide_generator(vocoder: ModelProto) -> Generator | None:
    """Divide the vocoder's graph, which is left as it is; None if it is not built as the published one is."""
    editor = GraphEditor(vocoder.graph)
    blocks = {block.result: block for node in editor.nodes("Add") if (block := _block(editor, node)) is not None}
    stages = [stage for node in editor.nodes("Div") if (stage := _stage(editor, node, blocks)) is not None]
    upsamplings = [found for stage in stages if (found := _upsampling(editor, stage.upsampled)) is not None]
    ends = [last for node in editor.nodes("Conv") if (last := _last(editor, node)) is not None]
    if not len(stages) == len(upsamplings) == STAGES or len(blocks) != STAGES * BLOCKS or len(ends) != 1:
        return None
    first, second = stages
    if upsamplings[1].convolution.source != first.result or ends[0].source != second.result:
        return None
    styles = [f"styles {number}" for number in range(STAGES)]
    joins = [
        helper.make_node("Concat", stage.style_names, [name], axis=0)
        for stage, name in zip(stages, styles, strict=True)
    ]
    entrance = upsamplings[0].convolution.source
    values = [_values(name) for name in (entrance, first.source, second.source, *styles)]
    graphs = (
        part(vocoder, list(vocoder.graph.input), values, further=joins),
        part(vocoder, [_values(ends[0].result)], [named(vocoder.graph.output, "audio")]),
    )
    if not all(_is_complete(graph) for graph in graphs):
        return None
    serialised = [graph.SerializeToString() for graph in graphs]
    return Generator(upsamplings=upsamplings, stages=stages, last=ends[0], styles=styles, graphs=serialised)


def stage_graph(vocoder: ModelProto, stage: Stage) -> bytes:
    """One stage as a serialised model: inputs ``upsampled``, ``source`` and its `style_names`."""
    inputs = [_values(name) for name in (stage.upsampled, stage.source)]
    styles = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (None,)) for name in stage.style_names]
    graph: bytes = part(vocoder, [*inputs, *styles], [_values(stage.result)]).SerializeToString()
    return graph


def convolution_graph(vocoder: ModelProto, convolution: FloatConvolution) -> bytes:
    """One convolution of floats as a serialised model."""
    graph: bytes = part(vocoder, [_values(convolution.source)], [_values(convolution.result)]).SerializeToString()
    return graph


def _values(name: str) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def _is_complete(model: ModelProto) -> bool:
    """Whether every value that a node reads is made in the graph, or given."""
    known = {value.name for value in model.graph.input} | {tensor.name for tensor in model.graph.initializer} | {""}
    known |= {value for node in model.graph.node for value in node.output}
    return all(value in known for node in model.graph.node for value in node.input)


def _upsampling(editor: GraphEditor, value: str) -> Upsampling | None:
    """The match of ``[pad](transposed(leaky(x)))`` that makes ``value``."""
    pad = editor.made_by(value, "Pad")
    mirrored = 0
    if pad is not None:
        pads = editor.constant(pad.input[1])
        if attributes_of(pad).get("mode") != b"reflect" or pads is None or pads.tolist() != [0, 0, 1, 0, 0, 0]:
            return None
        mirrored = 1
    node = editor.made_by(value if pad is None else pad.input[0], "ConvTranspose")
    rectified = node and _rectified(editor, node)
    if node is None or rectified is None:
        return None
    source, slope, weights, bias = rectified
    attributes = attributes_of(node)
    factor, cut = attributes["strides"][0], attributes["pads"][0]
    inputs, outputs, taps = weights.shape
    plain = (
        attributes["group"] == 1 and attributes["dilations"] == [1] and not any(attributes.get("output_padding", ()))
    )
    if not plain or taps != 2 * factor or list(attributes["pads"]) != [factor // 2] * 2 or cut < mirrored or factor % 2:
        return None
    # Frames later and sooner: the taps of x[q - 1], then those of x[q], each of them `factor` frames at once.
    halves = weights.transpose(2, 0, 1).reshape(2, factor, inputs, outputs)[::-1].transpose(0, 2, 1, 3)
    convolution = FloatConvolution(
        weights=np.ascontiguousarray(halves.reshape(2, inputs, factor * outputs)),
        bias=np.tile(bias, factor),
        slope=slope,
        before=1,
        source=source,
        result=value,
    )
    return Upsampling(convolution=convolution, factor=factor, cut=cut, mirrored=mirrored)


def _last(editor: GraphEditor, node: NodeProto) -> FloatConvolution | None:
    """The match of ``conv(leaky(x))`` with as many frames out as in."""
    rectified = _rectified(editor, node)
    if rectified is None:
        return None
    source, slope, weights, bias = rectified
    attributes, taps = attributes_of(node), weights.shape[2]
    plain = attributes["group"] == 1 and attributes["dilations"] == [1] and attributes["strides"] == [1]
    if not plain or taps % 2 == 0 or list(attributes["pads"]) != [taps // 2] * 2:
        return None
    return FloatConvolution(
        weights=np.ascontiguousarray(weights.transpose(2, 1, 0)),
        bias=bias,
        slope=slope,
        before=taps // 2,
        source=source,
        result=node.output[0],
    )


def _rectified(
    editor: GraphEditor, node: NodeProto
) -> tuple[str, float, NDArray[np.float32], NDArray[np.float32]] | None:
    """Of a convolution with constants of floats after a leaky rectifier: what goes in, the slope, weights and bias."""
    rectifier = editor.made_by(node.input[0], "LeakyRelu")
    constants = [editor.constant(name) for name in node.input[1:3]]
    weights, bias = constants if len(constants) == 2 else (None, None)
    if rectifier is None or weights is None or bias is None or weights.ndim != 3 or weights.dtype != np.float32:
        return None
    slope = float(attributes_of(rectifier).get("alpha", _SLOPE))
    return (rectifier.input[0], slope, weights, bias.astype(np.float32)) if 0 <= slope <= 1 else None


def _stage(editor: GraphEditor, quotient: NodeProto, blocks: dict[str, Block]) -> Stage | None:
    """The match of ``(first(x) + second(x) + third(x)) / 3`` with ``x = upsampled + noise(source)``."""
    divisor = editor.constant(quotient.input[1])
    total = editor.made_by(quotient.input[0], "Add")
    partial = total and editor.made_by(total.input[0], "Add")
    if divisor is None or divisor.size != 1 or float(divisor) != BLOCKS - 1 or total is None or partial is None:
        return None
    three = [blocks.get(name) for name in (*partial.input, total.input[1])]
    entrances = {block.source for block in three if block is not None}
    entrance = editor.made_by(entrances.pop(), "Add") if len(entrances) == 1 and None not in three else None
    if entrance is None:
        return None
    for noise, upsampled in (entrance.input, reversed(entrance.input)):
        block = blocks.get(noise)
        source = block and editor.made_by(block.source, "Transpose")
        if block and source:
            found = [block, *(each for each in three if each is not None)]
            if len({each.channels for one in found for each in one.convolutions}) != 1:
                return None
            return Stage(blocks=found, source=source.input[0], upsampled=upsampled, result=quotient.output[0])
    return None


def _block(editor: GraphEditor, last: NodeProto) -> Block | None:
    """The match of three pairs of convolutions whose last sum is made by ``last``, unless a further pair follows."""
    convolutions: list[Convolution] = []
    value = last.output[0]
    for _ in range(PAIRS):
        pair = _pair(editor, value)
        if pair is None:
            return None
        *found, value = pair
        convolutions[:0] = found
    return Block(convolutions=convolutions, source=value, result=last.output[0])


def _pair(editor: GraphEditor, value: str) -> tuple[Convolution, Convolution, str] | None:
    """The match of ``x + second(first(x))`` that makes ``value``: both, and x."""
    node = editor.made_by(value, "Add")
    if node is None:
        return None
    for made, source in (node.input, reversed(node.input)):
        second = _convolution(editor, made)
        first = second and _convolution(editor, second[1])
        if second and first and first[1] == source:
            return first[0], second[0], source
    return None


def _convolution(editor: GraphEditor, value: str) -> tuple[Convolution, str] | None:
    """The match of norm, snake, quantiser and convolution that makes ``value``: that, and what the norm is of."""
    product = editor.made_by(value, "MatMulIntegerToFloat", "Transpose")
    rows = product and editor.made_by(product.input[0], "Transpose", "Pad", "Gather", "Reshape")
    quantiser = rows and editor.made_by(rows.input[0], "DynamicQuantizeLinear")
    snake = quantiser and _snake(editor, quantiser.input[0])
    if not (product and quantiser and snake and len(product.input) == _PRODUCT_INPUTS):
        return None
    norm, reciprocal = snake
    weights, weights_scale, bias = (editor.constant(product.input[index]) for index in (1, 3, 6))
    dilation = _dilation(editor, product.input[0])
    if weights is None or weights_scale is None or bias is None or dilation is None:
        return None
    inputs, channels = weights.shape
    same = list(product.input[2:5:2]) == list(quantiser.output[1:])
    plain = weights.dtype == np.int8 and weights_scale.size == 1 and not product.input[5]
    if not (same and plain and inputs == len(dilation) * channels and bias.size == reciprocal.size == channels):
        return None
    convolution = Convolution(
        weights=weights,
        weights_scale=float(weights_scale),
        bias=bias.reshape(-1).astype(np.float32),
        reciprocal=reciprocal.reshape(-1).astype(np.float32),
        epsilon=attributes_of(norm)["epsilon"],
        dilation=dilation.step,
        scale=norm.input[1],
        shift=norm.input[2],
    )
    return convolution, norm.input[0]


def _snake(editor: GraphEditor, value: str) -> tuple[NodeProto, NDArray[Any]] | None:
    """The match of ``(v + sin²(v)) * reciprocal``: the norm that makes v, and the constant."""
    product = editor.operands(value, "Mul", "Add")
    total = product and editor.operands(product[0].output[0], "Add", "InstanceNormalization")
    square = total and editor.made_by(total[1], "Mul")
    sine = square and editor.made_by(square.input[0], "Sin")
    reciprocal = product and editor.constant(product[1])
    if not (total and square and sine) or reciprocal is None:
        return None
    same = square.input[0] == square.input[1] and sine.input[0] == total[0].output[0]
    return (total[0], reciprocal) if same else None


def _dilation(editor: GraphEditor, rows: str) -> range | None:
    """How many frames from the first each tap reads, where the frames are padded so that as many come out as go in."""
    gather = editor.made_by(rows, "Gather", "Reshape")
    index = gather and editor.made_by(gather.input[1], "Add")
    frames = index and editor.made_by(index.input[0], "Range", "Reshape")
    padding = gather and editor.made_by(gather.input[0], "Pad")
    if not (index and frames and padding):
        return None
    offsets, pads, step = (editor.constant(name) for name in (index.input[1], padding.input[1], frames.input[2]))
    if offsets is None or pads is None or step is None or step != 1 or offsets.size < _FEWEST_TAPS:
        return None
    expected = range(0, int(offsets[1]) * offsets.size, int(offsets[1]))
    reach = expected[-1]
    padded = pads.tolist() == [0, reach // 2, 0, 0, reach // 2, 0] and reach % 2 == 0
    return expected if padded and offsets.tolist() == list(expected) else None
