"""Kokoro's vocoder: prosody in, sound out; by the ONNX graph, or with native kernels where they can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sayso.tts.engines.kokoro.generator import divide_generator
from sayso.tts.engines.kokoro.native_generator import open_generator
from sayso.tts.engines.onnx_session import run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from onnx import ModelProto

    from sayso.tts.engines.kokoro.generator import Generator
    from sayso.tts.engines.kokoro.kernels import Kernels
    from sayso.tts.engines.kokoro.native_generator import NativeGenerator
    from sayso.types import FloatArray


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


def open_vocoder(
    model: ModelProto,
    open_graph: Callable[[bytes], Any],
    open_trial: Callable[[bytes], Any],
    kernels: Kernels | None,
) -> Vocoder:
    """The vocoder with the fastest kernels of this processor that compute what the graph does, else the graph.

    Args:
        model: the vocoder's graph.
        open_graph: makes a session of onnxruntime for a serialised graph.
        open_trial: the same with one thread, as the kernels have, for their self-test.
        kernels: None to use the graph.

    Raises:
        ModelCorrupt: onnxruntime does not load the graph.
        EngineFailed: onnxruntime does not compute.
    """
    generator = None if kernels is None else divide_generator(model)
    native = None if kernels is None or generator is None else open_generator(model, generator, open_trial, kernels)
    if generator is None or native is None:
        return GraphVocoder(open_graph(model.SerializeToString()))
    return NativeVocoder(generator, [open_graph(graph) for graph in generator.graphs], native)


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
    """See `Vocoder`: the native generator between two sessions of onnxruntime.

    Args:
        generator: how the graph was divided.
        sessions: of its graphs.
        native: the generator itself.
    """

    def __init__(self, generator: Generator, sessions: Sequence[Any], native: NativeGenerator) -> None:
        # Its names alone are kept: it holds the weights a second time.
        sources = [stage.source for stage in generator.stages]
        self._outputs = [generator.upsamplings[0].convolution.source, *sources, *generator.styles]
        self._result = generator.last.result
        self._sessions = sessions
        self._native = native

    def sound(self, feed: Mapping[str, FloatArray]) -> FloatArray:
        """See `Vocoder.sound`."""
        before, after = self._sessions
        x, *others = run_session(before, self._outputs, feed)
        count = len(others) // 2
        result = self._native.run(x, others[:count], others[count:])
        audio: FloatArray
        (audio,) = run_session(after, ["audio"], {self._result: result})
        return audio
