"""hama's phoneme recogniser: a CTC model of 5 MB for English and Korean phonemes, in ONNX (Apache-2.0)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing
from sayso.lazy import LazyModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sayso.types import FloatArray

MODEL_NAME = "hama-phonemes"
"""Its name in the catalogue of models."""

_GRAPH = "asr_waveform_fp16.onnx"
_VOCABULARY = "g2p_vocab.json"
_PULL = f"sayso models pull {MODEL_NAME}"

_STEP_SAMPLES = 320
"""The distance between two rows of the graph's output: 20 ms."""

_CHUNK_ROWS = 1000
_CONTEXT_ROWS = 50
_SHORTEST_SAMPLES = 3200


class HamaModel:
    """The `PhonemeModel` of hama. It is read twice, half a row apart, which gives rows every 10 ms.

    Args:
        directory: with its graph and its vocabulary.
        idle_unload_seconds: how long an unused graph stays loaded; 0 for ever.

    Raises:
        ModelMissing: the directory lacks a file.
        ModelCorrupt: the vocabulary cannot be used.
    """

    name = "hama 1.3.13"
    frame_samples = _STEP_SAMPLES // 2

    def __init__(self, directory: Path, *, idle_unload_seconds: float = 0) -> None:
        self._graph = directory / _GRAPH
        self.symbols, self.blank, self.word_boundary = _vocabulary(directory / _VOCABULARY)
        if not self._graph.is_file():
            raise ModelMissing(f"{self._graph} does not exist", hint=_PULL)
        self._session: LazyModel[Any] = LazyModel(self._open, idle_unload_seconds=idle_unload_seconds)

    def log_probabilities(self, samples: FloatArray) -> FloatArray:
        """See `PhonemeModel.log_probabilities`."""
        with self._session.use() as session:
            even = self._rows(session, samples)
            odd = self._rows(session, samples[self.frame_samples :])
        count = min(len(even), len(odd))
        joined = np.empty((2 * count, even.shape[1]), np.float32)
        joined[0::2], joined[1::2] = even[:count], odd[:count]
        return joined

    def _rows(self, session: Any, samples: FloatArray) -> FloatArray:
        """The output every 20 ms, in chunks with context on both sides."""
        total = len(samples) // _STEP_SAMPLES + 1
        parts = []
        for start in range(0, total, _CHUNK_ROWS):
            stop = min(start + _CHUNK_ROWS, total)
            first, last = max(0, start - _CONTEXT_ROWS), min(total, stop + _CONTEXT_ROWS)
            rows = _run(session, samples[first * _STEP_SAMPLES : last * _STEP_SAMPLES])
            parts.append(rows[start - first : stop - first])
        return np.concatenate(parts)

    def _open(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # A window takes a fraction of a second: more threads would only take processors from other work.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            return onnxruntime.InferenceSession(str(self._graph), options)
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise ModelCorrupt(f"onnxruntime does not load {self._graph}: {error}", hint=_PULL) from error


def _run(session: Any, samples: FloatArray) -> FloatArray:
    wave = np.pad(samples, (0, max(0, _SHORTEST_SAMPLES - len(samples)))).astype(np.float32)
    lengths = np.array([len(wave)], np.int64)
    try:
        rows, counts = session.run(None, {"waveform": wave[None], "waveform_lengths": lengths})
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EngineFailed(f"The phoneme model failed: {error}") from error
    scores = np.asarray(rows[0][: int(counts[0])], np.float32)
    highest = scores.max(axis=1, keepdims=True)
    normalised: FloatArray = scores - highest - np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return normalised


def _vocabulary(path: Path) -> tuple[Mapping[str, int], int, int]:
    """The columns of the phonemes, of the blank, and of the boundary between words, which follow the phonemes."""
    try:
        symbols = json.loads(path.read_bytes())["decoder"]
        columns = {str(symbol): number for number, symbol in enumerate(symbols)}
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror}", hint=_PULL) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(f"{path} is no vocabulary of hama: {error}", hint=_PULL) from error
    return columns, len(columns) + 1, len(columns)
