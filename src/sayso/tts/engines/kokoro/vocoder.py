"""Kokoro's vocoder: prosody in, sound out; by the ONNX graph, or with native kernels where they can be trusted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import structlog

from sayso.tts.engines.kokoro.generator import divide_generator, stage_graph
from sayso.tts.engines.onnx_session import run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from onnx import ModelProto

    from sayso.tts.engines.kokoro.generator import Generator, Stage
    from sayso.tts.engines.kokoro.kernels import Kernels, NativeStage
    from sayso.types import FloatArray

_log = structlog.get_logger(__name__)

_TEST_FRAMES: Final = 211
"""More than the kernels compute at once, and no multiple of what they do in one step."""

_LARGEST_DIFFERENCE: Final = 0.2
"""Of a frame in the self-test, relative to the frame. A value that is rounded the other way by a quantiser changes what
follows, by 0.05 as measured; wrong instructions or weights change all of it."""


class Vocoder(Protocol):
    """Makes sound of any range of frames of an utterance. Threads may share it."""

    def sound(self, feed: Mapping[str, FloatArray]) -> FloatArray:
        """The samples, made on the calling thread.

        Args:
            feed: ``aligned``, ``pitch``, ``loudness`` and ``style``: see `Prosody`.

        Raises:
            EngineFailed: it does not compute.
        """
        ...


def open_vocoder(model: ModelProto, open_graph: Callable[[bytes], Any], kernels: Kernels | None) -> Vocoder:
    """The vocoder with the fastest kernels of this processor that compute what the graph does, else the graph.

    Args:
        model: the vocoder's graph.
        open_graph: makes a session of onnxruntime for a serialised graph.
        kernels: None to use the graph.

    Raises:
        ModelCorrupt: onnxruntime does not load the graph.
        EngineFailed: onnxruntime does not compute.
    """
    generator = None if kernels is None else divide_generator(model)
    stages = None if kernels is None or generator is None else _native_stages(model, generator, open_graph, kernels)
    if generator is None or stages is None:
        return GraphVocoder(open_graph(model.SerializeToString()))
    return NativeVocoder(generator, [open_graph(graph) for graph in generator.graphs], stages)


class GraphVocoder:
    """See `Vocoder`: one session of onnxruntime."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def sound(self, feed: Mapping[str, FloatArray]) -> FloatArray:
        """See `Vocoder.sound`."""
        audio: FloatArray
        (audio,) = run_session(self._session, ["audio"], feed)
        return audio


class NativeVocoder:
    """See `Vocoder`: sessions of onnxruntime around the generator's stages, which are native.

    Args:
        generator: how the graph was divided.
        sessions: of its graphs.
        stages: its stages.
    """

    def __init__(self, generator: Generator, sessions: Sequence[Any], stages: Sequence[NativeStage]) -> None:
        # Its names alone are kept: it holds the weights a second time.
        first, second = generator.stages
        self._first_outputs = [first.upsampled, first.source, second.source, *generator.styles]
        self._results = [first.result, second.result]
        self._upsampled = second.upsampled
        self._sessions = sessions
        self._stages = stages

    def sound(self, feed: Mapping[str, FloatArray]) -> FloatArray:
        """See `Vocoder.sound`."""
        upsampled, *others = run_session(self._sessions[0], self._first_outputs, feed)
        sources, styles = others[:2], others[2:]
        result = self._stages[0].run(sources[0], upsampled, styles[0])
        (upsampled,) = run_session(self._sessions[1], [self._upsampled], {self._results[0]: result})
        result = self._stages[1].run(sources[1], upsampled, styles[1])
        audio: FloatArray
        (audio,) = run_session(self._sessions[2], ["audio"], {self._results[1]: result})
        return audio


def _native_stages(
    model: ModelProto, generator: Generator, open_graph: Callable[[bytes], Any], kernels: Kernels
) -> list[NativeStage] | None:
    """The stages with the first instruction set that passes the self-test; None if none does."""
    sessions = [open_graph(stage_graph(model, stage)) for stage in generator.stages]
    for instruction_set in kernels.instruction_sets():
        if not instruction_set.is_supported:
            continue
        stages = [kernels.stage(stage, instruction_set) for stage in generator.stages]
        natives = [stage for stage in stages if stage is not None]
        if len(natives) != len(stages):
            _log.warning("the native kernels do not handle the sizes of this model")
            return None
        trials = [compare(*each) for each in zip(generator.stages, natives, sessions, strict=True)]
        if _passes(trials, instruction_set.name):
            _log.info("speech is made with native kernels", instruction_set=instruction_set.name)
            return natives
    return None


def _passes(trials: Sequence[Trial], name: str) -> bool:
    speed = sum(trial.graph_seconds for trial in trials) / sum(trial.native_seconds for trial in trials)
    differences = [trial.difference for trial in trials]
    if not all(difference <= _LARGEST_DIFFERENCE for difference in differences):  # also where one is not a number
        _log.warning("the native kernels do not compute what the graph does", instruction_set=name, found=differences)
    elif speed < 1:
        _log.info("the native kernels are slower than the graph", instruction_set=name, speed=round(speed, 2))
    else:
        return True
    return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A native stage against its graph, on a fixed input.

    Attributes:
        difference: of the frame that differs most, relative to the frame.
        graph_seconds: the CPU time of the graph.
        native_seconds: and of the native stage.
    """

    difference: float
    graph_seconds: float
    native_seconds: float


def compare(stage: Stage, native: NativeStage, session: Any, frames: int = _TEST_FRAMES) -> Trial:
    """Run both on a fixed input.

    Args:
        stage: as it was found in the graph.
        native: the same natively.
        session: of `stage_graph`.
        frames: the length of the input.
    """
    random = np.random.default_rng(20)
    source = random.standard_normal((1, frames, stage.channels), np.float32)
    upsampled = random.standard_normal((1, stage.channels, frames), np.float32)
    styles = random.uniform(0.5, 1.5, (len(stage.style_names), stage.channels)).astype(np.float32)
    styles[1::2] -= 1  # the shifts are around 0
    feed = {stage.source: source, stage.upsampled: upsampled, **dict(zip(stage.style_names, styles, strict=True))}
    wanted, graph_seconds = _timed(lambda: run_session(session, [stage.result], feed)[0])
    found, native_seconds = _timed(lambda: native.run(source, upsampled, styles.reshape(-1)))
    differences = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    return Trial(difference=float(differences.max()), graph_seconds=graph_seconds, native_seconds=native_seconds)


def _timed(make: Callable[[], FloatArray]) -> tuple[FloatArray, float]:
    """The result, and the CPU seconds of the second of two runs: the first one finds the caches cold."""
    result = make()
    began = time.thread_time()
    make()
    return result, max(time.thread_time() - began, 1e-9)
