"""Kokoro-82M on onnxruntime, with the times of its own duration predictor."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from sayso.errors import EngineFailed, InvalidInput, ModelCorrupt, SaysoError, UtteranceTooLong
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED
from sayso.tts.kokoro import graph, timing
from sayso.tts.kokoro.phrasing import phrase
from sayso.tts.kokoro.vocabulary import MAXIMUM_PHONEMES, PAD, SYMBOLS
from sayso.tts.kokoro.voices import STYLE_WIDTH, VoiceBook
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sayso.tts.base import G2P
    from sayso.types import FloatArray, Utterance

PULL_AGAIN = "Fetch it again: sayso models pull kokoro-82m-int8"
REVISION = 1
"""Raised whenever this package makes different sound or times of the same model."""


class KokoroEngine:
    """See `SpeechEngine`. Each call computes on the thread that makes it; the session's weights are shared."""

    name = "kokoro"
    sample_rate_hz = graph.SAMPLE_RATE_HZ

    def __init__(self, model_file: Path, voices_directory: Path, g2p: G2P) -> None:
        """Load the model, about two seconds.

        Raises:
            ModelMissing: a file is not there.
            ModelCorrupt: the graph is not Kokoro's, or its durations do not add up to its audio.
        """
        self._book = VoiceBook(voices_directory)
        self._g2p = g2p
        self._session = _load(model_file)
        model = hashlib.sha256(model_file.read_bytes()).hexdigest()[:16]
        self.fingerprint = f"kokoro r{REVISION} {model} {g2p.fingerprint}"
        # Checks that durations and audio agree, and warms the session up.
        self._infer([SYMBOLS["."]], np.zeros((1, STYLE_WIDTH), np.float32), 1.0)

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language=self._book.language_of(name), engine=self.name) for name in self._book.names]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`; a blend speaks the language of its heaviest part."""
        return self._book.language_of(voice)

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
            raise InvalidInput(f"The speed {speed} is not between {MINIMUM_SPEED} and {MAXIMUM_SPEED}")
        style = self._book.style(voice)
        phrasing = phrase(utterance, self._g2p)
        ids = phrasing.ids()
        if len(ids) > MAXIMUM_PHONEMES:
            raise UtteranceTooLong(f"{len(ids)} phonemes are more than Kokoro's {MAXIMUM_PHONEMES}")
        samples, frames = self._infer(ids, style[len(ids) - 1][np.newaxis], speed)
        times = timing.token_times(phrasing, frames, samples)
        return Speech(audio=Audio(samples=samples, sample_rate_hz=self.sample_rate_hz), times=times)

    def _infer(self, ids: Sequence[int], style: FloatArray, speed: float) -> tuple[FloatArray, NDArray[np.int64]]:
        """Run the model: float32 samples of shape (n,) and int64 frames per symbol, both pads included."""
        feed = {
            "tokens": np.array([[PAD, *ids, PAD]], np.int64),
            "style": style,
            "speed": np.array([speed], np.float32),
        }
        try:
            audio, durations = self._session.run([graph.AUDIO_OUTPUT, graph.DURATIONS_OUTPUT], feed)
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise EngineFailed(f"onnxruntime failed on Kokoro: {error}") from error
        samples, frames = audio.reshape(-1), durations.reshape(-1)
        if frames.sum() * graph.SAMPLES_PER_FRAME != samples.size or frames.size != len(ids) + 2:
            raise ModelCorrupt("The model's durations do not add up to its audio; its times cannot be trusted")
        return samples, frames


def _load(model_file: Path) -> Any:
    try:
        return onnxruntime.InferenceSession(graph.prepare_graph(model_file), graph.session_options())
    except SaysoError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelCorrupt(f"onnxruntime does not load {model_file}: {error}", hint=PULL_AGAIN) from error
