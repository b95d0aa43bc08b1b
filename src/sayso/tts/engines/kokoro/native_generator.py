"""Kokoro's generator in native code, and the self-test that it must pass."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import structlog

from sayso.tts.engines.kokoro.generator import BLOCKS, convolution_graph, stage_graph
from sayso.tts.engines.kokoro.native import WorkspacePool
from sayso.tts.engines.onnx_session import run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onnx import ModelProto

    from sayso.tts.engines.kokoro.generator import Generator
    from sayso.tts.engines.kokoro.generator_parts import FloatConvolution, Stage, Upsampling
    from sayso.tts.engines.kokoro.kernels import InstructionSet, Kernels
    from sayso.tts.engines.kokoro.native import NativeConvolution, NativeStage
    from sayso.types import FloatArray

_log = structlog.get_logger(__name__)

_TEST_FRAMES: Final = 211
"""More than the kernels compute at once, and no multiple of what they do in one step."""

_LARGEST_DIFFERENCE: Final = 0.2
"""Of a frame of a stage in the self-test, relative to the frame. A value that is rounded the other way by a quantiser
changes what follows, by 0.05 as measured; wrong instructions or weights change all of it."""

_LARGEST_FLOAT_DIFFERENCE: Final = 1e-3
"""The same without quantisers."""

_TIMED_RUNS: Final = 2

_LEAST_SPEED: Final = 0.8
"""Of the native parts against the graph; less than 1, since other load on the machine disturbs both."""

_MEAN: Final = 1 / (BLOCKS - 1)
"""A native stage gives the sum of its blocks."""


class NativeUpsampling:
    """An upsampling: see `Upsampling`."""

    def __init__(self, upsampling: Upsampling, convolution: NativeConvolution) -> None:
        self._factor, self._cut, self._mirrored = upsampling.factor, upsampling.cut, upsampling.mirrored
        self._convolution = convolution

    def run(self, x: FloatArray, factor: float = 1.0) -> FloatArray:
        """The upsampled frames, of shape (frames, channels); ``x`` is multiplied by ``factor`` before.

        Raises:
            EngineFailed: the kernels do not compute arrays of these sizes.
        """
        frames = self._convolution.run(x, len(x) + 1, factor).reshape((len(x) + 1) * self._factor, -1)
        begin = self._cut - self._mirrored
        if self._mirrored:
            frames[begin] = frames[begin + 2]
        return frames[begin : self._cut + len(x) * self._factor]


class NativeGenerator:
    """The generator. Threads may share it.

    Args:
        upsamplings: before each stage.
        stages: of residual blocks.
        last: the convolution after them.
    """

    def __init__(
        self, upsamplings: Sequence[NativeUpsampling], stages: Sequence[NativeStage], last: NativeConvolution
    ) -> None:
        self.upsamplings = upsamplings
        self.stages = stages
        self.last = last

    def run(self, x: FloatArray, sources: Sequence[FloatArray], styles: Sequence[FloatArray]) -> FloatArray:
        """The result of the last convolution, on the calling thread.

        Args:
            x: float32 of shape (1, channels, frames).
            sources: of each stage, float32 of shape (1, frames, channels).
            styles: of each stage.

        Raises:
            EngineFailed: the kernels do not compute arrays of these sizes.
        """
        frames, factor = np.ascontiguousarray(x[0].T), 1.0
        for upsampling, stage, source, style in zip(self.upsamplings, self.stages, sources, styles, strict=True):
            frames = stage.run(source[0], upsampling.run(frames, factor), style)
            factor = _MEAN
        return np.ascontiguousarray(self.last.run(frames, len(frames), factor).T)[np.newaxis]


def open_generator(
    model: ModelProto, generator: Generator, open_graph: Callable[[bytes], Any], kernels: Kernels
) -> NativeGenerator | None:
    """The generator with the fastest instruction set that passes the self-test; None if none does.

    Args:
        model: the vocoder's graph.
        generator: how it was divided.
        open_graph: makes a session of onnxruntime, with one thread, for a serialised graph.
        kernels: the loaded ones.
    """
    sessions = [open_graph(stage_graph(model, stage)) for stage in generator.stages]
    sessions += [open_graph(convolution_graph(model, each)) for each in _convolutions(generator)]
    for instruction_set in kernels.instruction_sets():
        if not instruction_set.is_supported:
            continue
        native = _made(generator, kernels, instruction_set)
        if native is None:
            _log.warning("the native kernels do not handle the sizes of this model")
            return None
        if _passes(compare(generator, native, sessions), instruction_set.name):
            _log.info("speech is made with native kernels", instruction_set=instruction_set.name)
            return native
    return None


def _made(generator: Generator, kernels: Kernels, instruction_set: InstructionSet) -> NativeGenerator | None:
    pool = WorkspacePool()
    stages = [kernels.stage(each, instruction_set, pool) for each in generator.stages]
    convolutions = [kernels.convolution(each, instruction_set, pool) for each in _convolutions(generator)]
    made_stages = [each for each in stages if each is not None]
    made = [each for each in convolutions if each is not None]
    if len(made_stages) != len(stages) or len(made) != len(convolutions):
        return None
    upsamplings = [NativeUpsampling(*each) for each in zip(generator.upsamplings, made[:-1], strict=True)]
    return NativeGenerator(upsamplings, made_stages, made[-1])


def _convolutions(generator: Generator) -> Sequence[FloatConvolution]:
    return (*(each.convolution for each in generator.upsamplings), generator.last)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A native part against its graph, on a fixed input.

    Attributes:
        difference: of the frame that differs most, relative to the frame.
        allowed: how large it may be.
        graph_seconds: the CPU time of the graph.
        native_seconds: and of the native part.
    """

    difference: float
    allowed: float
    graph_seconds: float
    native_seconds: float


def _passes(trials: Sequence[Trial], name: str) -> bool:
    speed = sum(trial.graph_seconds for trial in trials) / sum(trial.native_seconds for trial in trials)
    if not all(trial.difference <= trial.allowed for trial in trials):  # also where one is not a number
        found = [trial.difference for trial in trials]
        _log.warning("the native kernels do not compute what the graph does", instruction_set=name, found=found)
    elif speed < _LEAST_SPEED:
        _log.info("the native kernels are slower than the graph", instruction_set=name, speed=round(speed, 2))
    else:
        return True
    return False


def compare(
    generator: Generator, native: NativeGenerator, sessions: Sequence[Any], frames: int = _TEST_FRAMES
) -> list[Trial]:
    """Run each part of the generator on a fixed input.

    Args:
        generator: as it was found in the graph.
        native: the same natively.
        sessions: of its stages' graphs, then of its upsamplings' and of the last convolution's.
        frames: the length of the input.
    """
    random = np.random.default_rng(20)
    count = len(native.stages)
    stages = zip(generator.stages, native.stages, sessions[:count], strict=True)
    runs = (*(each.run for each in native.upsamplings), lambda x: native.last.run(x, len(x)))
    convolutions = zip(_convolutions(generator), runs, sessions[count:], strict=True)
    return [
        *(_stage_trial(*each, random, frames) for each in stages),
        *(_convolution_trial(*each, random, frames) for each in convolutions),
    ]


def _stage_trial(stage: Stage, native: NativeStage, session: Any, random: np.random.Generator, frames: int) -> Trial:
    source, upsampled = (random.standard_normal((frames, stage.channels), np.float32) for _ in range(2))
    styles = random.uniform(0.5, 1.5, (len(stage.style_names), stage.channels)).astype(np.float32)
    styles[1::2] -= 1  # the shifts are around 0
    feed = dict(zip(stage.style_names, styles, strict=True)) | {
        stage.source: source[np.newaxis],
        stage.upsampled: np.ascontiguousarray(upsampled.T)[np.newaxis],
    }

    def of_graph() -> FloatArray:
        return _first(run_session(session, [stage.result], feed))

    def natively() -> FloatArray:
        return native.run(source, upsampled.copy(), styles.reshape(-1)) * np.float32(_MEAN)

    return _trial(of_graph, natively, _LARGEST_DIFFERENCE)


def _convolution_trial(
    convolution: FloatConvolution,
    run: Callable[[FloatArray], FloatArray],
    session: Any,
    random: np.random.Generator,
    frames: int,
) -> Trial:
    x = random.standard_normal((frames, convolution.weights.shape[1]), np.float32)
    feed = {convolution.source: np.ascontiguousarray(x.T)[np.newaxis]}

    def of_graph() -> FloatArray:
        return _first(run_session(session, [convolution.result], feed))

    return _trial(of_graph, lambda: run(x), _LARGEST_FLOAT_DIFFERENCE)


def _first(outputs: Sequence[FloatArray]) -> FloatArray:
    return outputs[0]


def _trial(of_graph: Callable[[], FloatArray], natively: Callable[[], FloatArray], allowed: float) -> Trial:
    wanted, graph_seconds = _timed(of_graph)
    found, native_seconds = _timed(natively)
    wanted = wanted[0].T
    difference = np.inf
    if found.shape == wanted.shape:
        difference = float((np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)).max())
    return Trial(difference=difference, allowed=allowed, graph_seconds=graph_seconds, native_seconds=native_seconds)


def _timed(make: Callable[[], FloatArray]) -> tuple[FloatArray, float]:
    """The result, and the CPU seconds of the faster of two runs after it: the first one finds the caches cold."""
    result = make()
    seconds = []
    for _ in range(_TIMED_RUNS):
        began = time.thread_time()
        make()
        seconds.append(time.thread_time() - began)
    return result, max(min(seconds), 1e-9)
