"""A published Piper graph, made ready to run: with the phonemes' durations beside the audio, and the same every time.

Piper's voices are VITS models (Kim, Kong and Son, arXiv 2106.06103). Nodes are found by what they do, never by their
names, which change from one export to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from sayso.errors import ModelCorrupt, ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

DURATIONS_OUTPUT = "durations"

# Noise is read from a table round and round. A minute of audio needs less than one round; a prime length keeps the
# rows of a longer one different.
_NOISE_VALUES = 1_048_573


def prepare_graph(model_file: Path) -> bytes:
    """Read a voice's graph, make its durations an output, and its noise constant.

    Args:
        model_file: the published ONNX file: inputs ``input`` int64 (1, n), ``input_lengths`` int64 (1,), ``scales``
            float32 (3,); one output, the audio.

    Returns:
        A serialised ONNX model with the further output ``durations``: float32 with n values, how many whole frames
        each symbol lasts.

    Raises:
        ModelMissing: the file cannot be read.
        ModelCorrupt: it is not an ONNX model, or not one that rounds durations up in exactly one place.
    """
    try:
        model = onnx.load_from_string(model_file.read_bytes())
    except OSError as error:
        raise ModelMissing(f"Cannot read {model_file}: {error.strerror}", hint="Fetch it: sayso models pull") from error
    except DecodeError as error:
        raise ModelCorrupt(f"{model_file} is not an ONNX model", hint="Fetch it again: sayso models pull") from error
    _graft_durations(model.graph, model_file)
    _still_noise(model.graph)
    serialised: bytes = model.SerializeToString()
    return serialised


def _graft_durations(graph: onnx.GraphProto, model_file: Path) -> None:
    """Make the durations an output: the only place where the graph rounds up is where they become whole frames."""
    ceilings = [node for node in graph.node if node.op_type == "Ceil"]
    if len(ceilings) != 1:
        raise ModelCorrupt(f"{model_file} rounds up in {len(ceilings)} places where a Piper voice has one")
    graph.node.append(helper.make_node("Identity", [ceilings[0].output[0]], [DURATIONS_OUTPUT]))
    graph.output.append(helper.make_tensor_value_info(DURATIONS_OUTPUT, TensorProto.FLOAT, None))


def _still_noise(graph: onnx.GraphProto) -> None:
    """Replace each source of random numbers by one that gives the same numbers at every run.

    A VITS model draws noise for its durations and for its audio. The operator's own ``seed`` would not do: its
    numbers continue from call to call, so that the audio of an utterance would depend on the calls before it and on
    the threads. So the numbers come from a table inside the graph.
    """
    sources = [node for node in graph.node if node.op_type == "RandomNormalLike"]
    if not sources:
        return
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(0, np.int64), "still_first"),
            numpy_helper.from_array(np.array(1, np.int64), "still_step"),
            numpy_helper.from_array(np.array(_NOISE_VALUES, np.int64), "still_round"),
        ]
    )
    for number, source in enumerate(sources):
        name = f"still_{number}"
        table = np.random.default_rng(number).standard_normal(_NOISE_VALUES, np.float32)
        graph.initializer.append(numpy_helper.from_array(table, f"{name}_table"))
        like, noise = source.input[0], source.output[0]
        place = list(graph.node).index(source)
        graph.node.remove(source)
        replacement = [
            helper.make_node("Shape", [like], [f"{name}_shape"]),
            helper.make_node("Size", [like], [f"{name}_size"]),
            helper.make_node("Range", ["still_first", f"{name}_size", "still_step"], [f"{name}_range"]),
            helper.make_node("Mod", [f"{name}_range", "still_round"], [f"{name}_turns"]),
            helper.make_node("Gather", [f"{name}_table", f"{name}_turns"], [f"{name}_values"]),
            helper.make_node("Reshape", [f"{name}_values", f"{name}_shape"], [noise]),
        ]
        for offset, node in enumerate(replacement):
            graph.node.insert(place + offset, node)
