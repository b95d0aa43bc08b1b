"""The published Kokoro graph, made ready to run: the phonemes' durations come out beside the audio.

The graph predicts how many frames each phoneme lasts, stretches everything downstream to that length, and
forgets the numbers. `prepare_graph` brings them out as a second output. Nodes are found by the shape of the
computation, never by their names, which change from one export of the model to the next. What makes the graph faster
is in `rewrites`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from sayso.errors import ModelCorrupt, ModelMissing
from sayso.tts.engines.kokoro.editor import GraphEditor
from sayso.tts.engines.kokoro.rewrites import speed_up

if TYPE_CHECKING:
    from pathlib import Path

DURATIONS_OUTPUT: Final = "durations"

_DURATION_PREDICTOR: Final = ("Sigmoid", "ReduceSum", "Div", "Round", "Clip")
_PULL_AGAIN: Final = "Fetch it again: sayso models pull"


def prepare_graph(model_path: Path) -> bytes:
    """Read Kokoro's graph and give it its second output.

    Args:
        model_path: the published ONNX file: inputs ``tokens`` int64 (1, n), ``style`` float32 (1, 256) and
            ``speed`` float32 (1,); output ``audio`` float32 (samples,).

    Returns:
        A serialised ONNX model for `onnxruntime.InferenceSession`, faster than the published one, with the further
        output ``durations``: int64 (1, n), how many frames of `vocabulary.SAMPLES_PER_FRAME` samples each token
        lasts, both pads included. The frames of all tokens together are exactly the length of the audio.

    Raises:
        ModelMissing: the file is not there.
        ModelCorrupt: the file is not an ONNX model, or not one with exactly one duration predictor.
    """
    try:
        content = model_path.read_bytes()
    except FileNotFoundError as error:
        raise ModelMissing(f"The model {model_path} is not there.", hint=_PULL_AGAIN) from error
    serialised: bytes = prepared_model(content, model_path).SerializeToString()
    return serialised


def prepared_model(content: bytes, model_path: Path) -> onnx.ModelProto:
    """The same for the content of the file, not yet serialised.

    Args:
        content: of the published ONNX file.
        model_path: for the messages of errors.

    Raises:
        ModelCorrupt: as `prepare_graph`.
    """
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise ModelCorrupt(f"{model_path} is not an ONNX model.", hint=_PULL_AGAIN) from error
    graft_durations(model.graph)
    speed_up(model.graph)
    return model


def session_options() -> onnxruntime.SessionOptions:
    """The options under which one session serves several threads, an utterance each.

    One thread for each call: two utterances side by side keep two cores busier than two threads that wait for each
    other after every operator. No memory plans: they are kept for each length of input, and with them 36 utterances
    of different lengths took 545 MB rather than 405, at the same speed. The arena stays: without it, the C library's
    allocator took 1.8 GB for the same.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    return options


def graft_durations(graph: onnx.GraphProto) -> None:
    """Make the duration predictor's result an output of the graph, which is changed in place.

    The predictor is the only place where a Sigmoid is summed over its last axis (how likely the phoneme lasts
    at least 1, 2, … frames), divided by the speed, rounded, and clipped from below.

    Raises:
        ModelCorrupt: there is no such place, or more than one.
    """
    editor = GraphEditor(graph)
    ends = [node.output[0] for node in editor.nodes(_DURATION_PREDICTOR[-1])]
    found = [value for value in ends if editor.made_by(value, *_DURATION_PREDICTOR)]
    if len(found) != 1:
        raise ModelCorrupt(f"The model has {len(found)} duration predictors where Kokoro has one.", hint=_PULL_AGAIN)
    graph.node.append(helper.make_node("Cast", found, [DURATIONS_OUTPUT], to=TensorProto.INT64))
    shape = (1, "sequence_length")
    graph.output.append(helper.make_tensor_value_info(DURATIONS_OUTPUT, TensorProto.INT64, shape))
