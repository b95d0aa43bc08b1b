"""Kokoro's sessions of onnxruntime: symbols in; durations, pitch, loudness and sound out."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.errors import EngineFailed, ModelCorrupt
from sayso.tts.engines.kokoro.vocabulary import PAD, SAMPLES_PER_FRAME, SYMBOLS
from sayso.tts.engines.kokoro.voices import STYLE_WIDTH
from sayso.tts.engines.onnx_session import open_session, run_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sayso.tts.engines.kokoro.kernels import Kernels
    from sayso.tts.engines.kokoro.vocoder import Vocoder
    from sayso.types import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prosody:
    """What Kokoro decides of an utterance before its sound.

    Attributes:
        style: float32 of shape (1, 256).
        frames: int64 frames per symbol, both pads included.
        aligned: float32 of shape (1, channels, frames).
        pitch: float32 of shape (1, 2 * frames), in Hz; near 0 where there is no voice.
        loudness: float32 of shape (1, 2 * frames), the sound's level in units of about 4.7 dB.
    """

    style: FloatArray
    frames: NDArray[np.int64]
    aligned: FloatArray
    pitch: FloatArray
    loudness: FloatArray


class KokoroModel:
    """A loaded model. Threads may share it: each call computes on the calling thread, and locks nothing.

    Args:
        content: of the published ONNX file.
        model_file: for the messages of errors.
        threads: of each call.
        hint: says how to get a sound file.
        kernels: compute most of the sound, where they compute this model; None for the graph alone.

    Raises:
        ModelCorrupt: it is not a Kokoro model, or its durations are not those of its audio.
    """

    def __init__(
        self, content: bytes, model_file: Path, *, threads: int, hint: str, kernels: Kernels | None = None
    ) -> None:
        # Importing onnx takes longer than reading a short story from the cache.
        from sayso.tts.engines.kokoro.graph import prepared_model, session_options
        from sayso.tts.engines.kokoro.halves import divide
        from sayso.tts.engines.kokoro.vocoder import open_vocoder

        options = session_options()
        options.intra_op_num_threads = threads
        open_trial = functools.partial(open_session, options=session_options(), model_file=model_file, hint=hint)
        open_graph = functools.partial(open_trial, options=options)
        model = prepared_model(content, model_file)
        halves = divide(model)
        self._vocoder: Vocoder | None = None  # only of a divided model
        if halves is None:
            self._session = open_graph(model.SerializeToString())
        else:
            del model
            self._session = open_graph(halves.prosody.SerializeToString())
            self._vocoder = open_vocoder(halves.vocoder, open_graph, open_trial, kernels)
        self.speak([SYMBOLS["."]], np.zeros((1, STYLE_WIDTH), np.float32), 1.0)  # checks durations against audio

    @property
    def is_divided(self) -> bool:
        """Whether `prosody` and `sound` can be called: its graph is built as the published one is."""
        return self._vocoder is not None

    def speak(self, ids: Sequence[int], style: FloatArray, speed: float) -> tuple[FloatArray, NDArray[np.int64]]:
        """An utterance: float32 samples of shape (n,) and int64 frames per symbol, both pads included.

        Raises:
            EngineFailed: onnxruntime failed.
            ModelCorrupt: the frames are not those of the samples.
        """
        if not self.is_divided:
            audio, durations = run_session(self._session, ["audio", "durations"], _feed(ids, style, speed))
            return _checked(audio, durations, ids)
        prosody = self.prosody(ids, style, speed)
        return _checked(self._sound(prosody, 0, prosody.aligned.shape[2]), prosody.frames, ids)

    def prosody(self, ids: Sequence[int], style: FloatArray, speed: float) -> Prosody:
        """The prosody of an utterance, where the model `is_divided`.

        Raises:
            EngineFailed: onnxruntime failed.
        """
        outputs = ["durations", "aligned", "pitch", "loudness"]
        durations, aligned, pitch, loudness = run_session(self._session, outputs, _feed(ids, style, speed))
        return Prosody(style=style, frames=durations.reshape(-1), aligned=aligned, pitch=pitch, loudness=loudness)

    def sound(self, prosody: Prosody, begin: int, end: int) -> FloatArray:
        """The samples of the frames ``begin`` to ``end`` of an utterance, `SAMPLES_PER_FRAME` for each of them.

        Raises:
            EngineFailed: onnxruntime failed.
            ModelCorrupt: the frames are not those of the samples.
        """
        samples = self._sound(prosody, begin, end).reshape(-1)
        if samples.size != (end - begin) * SAMPLES_PER_FRAME:
            raise _not_matching()
        return samples

    def _sound(self, prosody: Prosody, begin: int, end: int) -> FloatArray:
        feed = {
            "aligned": np.ascontiguousarray(prosody.aligned[:, :, begin:end]),
            "pitch": prosody.pitch[:, 2 * begin : 2 * end],
            "loudness": prosody.loudness[:, 2 * begin : 2 * end],
            "style": prosody.style,
        }
        if self._vocoder is None:
            raise EngineFailed("The model's graph cannot be divided, so it has no vocoder of its own.")
        return self._vocoder.sound(feed)


def _feed(ids: Sequence[int], style: FloatArray, speed: float) -> Mapping[str, Any]:
    return {
        "tokens": np.array([[PAD, *ids, PAD]], np.int64),
        "style": style,
        "speed": np.array([speed], np.float32),
    }


def _checked(
    audio: FloatArray, durations: NDArray[np.int64], ids: Sequence[int]
) -> tuple[FloatArray, NDArray[np.int64]]:
    samples, frames = audio.reshape(-1), durations.reshape(-1)
    if frames.sum() * SAMPLES_PER_FRAME != samples.size or frames.size != len(ids) + 2:
        raise _not_matching()
    return samples, frames


def _not_matching() -> ModelCorrupt:
    return ModelCorrupt("The model's durations do not add up to its audio, so its times cannot be trusted")
