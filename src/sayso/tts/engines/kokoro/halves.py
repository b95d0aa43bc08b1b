"""Divides Kokoro's graph where prosody ends and sound begins.

The first half decides for a whole utterance how long each symbol lasts, its pitch and its loudness, in about 5 % of the
time. The second, the vocoder, makes sound of any range of frames of that. So the beginning of a sentence can be heard
while the rest of it is made, with the durations and the pitch of the whole. One after the other, the halves give the
same audio as the undivided graph, bit by bit, and each weight is in one of them only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from onnx import TensorProto, helper

from sayso.tts.engines.kokoro.editor import GraphEditor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from onnx import ModelProto, NodeProto, ValueInfoProto

SYMBOLS_OUTPUT: Final = "aligned"
"""The vectors of the symbols, repeated over their frames: float32 of shape (1, channels, frames)."""

PITCH_OUTPUT: Final = "pitch"
LOUDNESS_OUTPUT: Final = "loudness"
"""Both float32 of shape (1, 2 * frames)."""

_LONGEST_CHAIN: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Halves:
    """Two models.

    Attributes:
        prosody: inputs ``tokens``, ``style``, ``speed``; outputs ``durations`` and the three that are named above.
        vocoder: inputs those three and ``style``; output ``audio``.
    """

    prosody: ModelProto
    vocoder: ModelProto


def divide(model: ModelProto) -> Halves | None:
    """Divide a prepared model, which is changed; None if it has no such place, or more than one."""
    editor = GraphEditor(model.graph)
    found = [seam for node in editor.nodes("Concat") if (seam := _seam(editor, node.input))]
    if len(found) != 1:
        return None
    names = dict(zip(found[0], (SYMBOLS_OUTPUT, PITCH_OUTPUT, LOUDNESS_OUTPUT), strict=True))
    for node in model.graph.node:
        for values in (node.input, node.output):
            for index, value in enumerate(values):
                values[index] = names.get(value, value)
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (
            (SYMBOLS_OUTPUT, (1, None, "frames")),
            (PITCH_OUTPUT, (1, "halves")),
            (LOUDNESS_OUTPUT, (1, "halves")),
        )
    ]
    durations, audio = (named(model.graph.output, name) for name in ("durations", "audio"))
    return Halves(
        prosody=part(model, list(model.graph.input), [durations, *given]),
        vocoder=part(model, [*given, named(model.graph.input, "style")], [audio]),
    )


def named(values: Iterable[ValueInfoProto], name: str) -> ValueInfoProto:
    """The one of some inputs or outputs of a graph that has a name."""
    return next(value for value in values if value.name == name)


def _seam(editor: GraphEditor, joined: Sequence[str]) -> tuple[str, str, str] | None:
    """The decoder's first act is to join the aligned symbols with pitch and loudness, each through a convolution."""
    if len(joined) != 3 or editor.made_by(joined[0], "MatMul") is None:
        return None
    pitch, loudness = (_unsqueezed(editor, value) for value in joined[1:])
    return None if pitch is None or loudness is None else (joined[0], pitch, loudness)


def _unsqueezed(editor: GraphEditor, value: str) -> str | None:
    """What is given another axis at the beginning of the chain that makes ``value``."""
    for _ in range(_LONGEST_CHAIN):
        node = editor.producer(value)
        if node is None or not node.input:
            return None
        value = node.input[0]
        if node.op_type == "Unsqueeze":
            return value
    return None


def part(
    model: ModelProto,
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    *,
    further: Sequence[NodeProto] = (),
) -> ModelProto:
    """The nodes between some values and others.

    Args:
        model: is left as it is.
        inputs: the values that are given.
        outputs: the values that are wanted.
        further: nodes that come after those of the model.
    """
    nodes, needed = [], {value.name for value in outputs}
    given: Collection[str] = {value.name for value in inputs}
    for node in (*reversed(further), *reversed(model.graph.node)):
        if any(value in needed and value not in given for value in node.output):
            nodes.append(node)
            needed.update(node.input)
    constants = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    graph = helper.make_graph(nodes[::-1], model.graph.name, inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
