"""Piper's voices on onnxruntime, with the times of their own durations."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.audio import resample
from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing, UtteranceTooLong
from sayso.lazy import LazyModel
from sayso.machine import processors
from sayso.tts.engines.onnx_session import open_session
from sayso.tts.engines.piper.config import SUFFIX, read_config
from sayso.tts.errors import require_speed, unknown_voice
from sayso.tts.phonemes.phrasing import phrase
from sayso.tts.timing.borders import BorderLags, Manner
from sayso.tts.timing.word_times import token_times
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sayso.tts.base import G2P
    from sayso.tts.engines.piper.config import VoiceConfig
    from sayso.types import FloatArray, Utterance

_PULL_HINT = "Fetch it: sayso models pull"

REVISION = 5
"""Raised whenever this package makes other audio or times with the same model."""

MAXIMUM_PHONEMES = 510
"""The graph has no limit of its own, but its attention grows with the square of the length, and it was trained on
sentences. This is Kokoro's, so that a text is split alike for either."""


_SAMPLE_RATE_HZ = 22_050

_LEADS_MS = {
    Manner.VOWEL: -6,
    Manner.SIBILANT: 15,
    Manner.FRICATIVE: 5,
    Manner.VOICELESS_STOP: 17,
    Manner.VOICED_STOP: 0,
    Manner.NASAL: 12,
    Manner.APPROXIMANT: 16,
}
"""Within a phrase a word that begins with such a sound is heard so long before the frames of the space in front of it:
medians over joe reading `bench/text_files/clauses-en.txt` at the speeds 0.8, 1.0 and 1.25 (1,408 words), by the
witnesses of `bench/witnesses.py`. They are the same at each speed."""

_LEADS_AFTER_MS = {Manner.VOWEL: 8, Manner.SIBILANT: -10, Manner.VOICED_STOP: -4}
"""And so much more where the word before ends with such a sound; fitted to the same words."""

BORDER_LAGS = BorderLags(
    before={manner: -lead * _SAMPLE_RATE_HZ // 1000 for manner, lead in _LEADS_MS.items()},
    after={manner: -lead * _SAMPLE_RATE_HZ // 1000 for manner, lead in _LEADS_AFTER_MS.items()},
)


class PiperEngine:
    """See `SpeechEngine`.

    A voice's model is loaded by the first thread that needs it, while others wait. Then threads share its session,
    which locks nothing: each call computes on the calling thread.

    After pauses the durations need no correction: over 117 word starts (joe, three speeds) the audio begins 0.4 ms
    before its frames in the median, 14 ms from them in the mean. Before pauses it ends 21 ms before its frames in the
    median, which `sayso.tts.timing.word_times` corrects as for every engine.
    """

    name = "piper"
    sample_rate_hz = _SAMPLE_RATE_HZ  # the rate of most voices; the small ones of 16 kHz are resampled

    def __init__(
        self, directories: Sequence[Path], g2p: G2P, *, workers: int | None = None, idle_unload_seconds: float = 0
    ) -> None:
        """Find the voices: each ``name.onnx.json`` with its ``name.onnx``.

        Args:
            directories: where to look; of two voices of the same name the first counts.
            g2p: the source of phonemes; the voices were trained with espeak-ng's.
            workers: how many utterances at once, one thread each; None for one per processor.
            idle_unload_seconds: a voice's idle model is unloaded after this time; 0 for never.

        Raises:
            ModelMissing: a voice's file is not there.
            ModelCorrupt: a voice's description is not one.
        """
        self._g2p = g2p
        self._voices: dict[str, VoiceConfig] = {}
        for directory in directories:
            for file in sorted(directory.glob(f"*{SUFFIX}")):
                self._voices.setdefault(file.name.removesuffix(SUFFIX), read_config(file))
        self._sessions: dict[str, LazyModel[Any]] = {
            name: LazyModel(functools.partial(_open, config), idle_unload_seconds=idle_unload_seconds)
            for name, config in self._voices.items()
        }
        self.workers = processors() if workers is None else workers
        self.fingerprint = f"piper r{REVISION} {_hash(self._voices)} {g2p.fingerprint}"

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [
            Voice(name=name, language=config.language, engine=self.name)
            for name, config in sorted(self._voices.items())
        ]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`."""
        return self._config(voice).language

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`; the same utterance sounds the same every time."""
        require_speed(speed)
        config = self._config(voice)
        phrasing = phrase(utterance, self._g2p, config.notation)
        if len(phrasing.symbols) > MAXIMUM_PHONEMES:
            raise UtteranceTooLong(f"{len(phrasing.symbols)} phonemes are more than Piper's {MAXIMUM_PHONEMES}")
        with self._sessions[voice].use() as session:
            samples, frames = _infer(session, config, phrasing.symbols, speed)
        edges = _symbol_edges(frames) * config.samples_per_frame
        audio = resample(Audio(samples=samples, sample_rate_hz=config.sample_rate_hz), self.sample_rate_hz)
        edges = edges * self.sample_rate_hz // config.sample_rate_hz
        times = token_times(phrasing, edges, audio, lags=BORDER_LAGS)
        return Speech(audio=audio, times=times)

    def _config(self, voice: str) -> VoiceConfig:
        if voice not in self._voices:
            raise unknown_voice(voice, list(self._voices), engine="Piper")
        return self._voices[voice]


def _hash(voices: dict[str, VoiceConfig]) -> str:
    """Sixteen digits over the names and files of all voices."""
    digest = hashlib.sha256()
    for name, config in sorted(voices.items()):
        digest.update(name.encode())
        try:
            digest.update(config.model_file.with_name(f"{name}{SUFFIX}").read_bytes())
            digest.update(config.model_file.read_bytes())
        except OSError as error:
            raise ModelMissing(f"Cannot read {error.filename}: {error.strerror}", hint=_PULL_HINT) from error
    return digest.hexdigest()[:16]


def _open(config: VoiceConfig) -> Any:
    # Importing onnxruntime and onnx takes longer than reading a short story from the cache.
    import onnxruntime

    from sayso.tts.engines.piper.graph import prepare_graph

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    graph = prepare_graph(config.model_file)
    session = open_session(graph, options, model_file=config.model_file, hint=_PULL_HINT)
    _infer(session, config, ".", 1.0)  # checks durations against audio
    return session


def _infer(session: Any, config: VoiceConfig, symbols: str, speed: float) -> tuple[FloatArray, NDArray[np.int64]]:
    """Run a voice: float32 samples of shape (n,) and int64 frames per number, shape (2 × symbols + 3,).

    Raises:
        EngineFailed: onnxruntime failed.
        ModelCorrupt: the frames are not those of the samples.
    """
    numbers = config.numbers(symbols)
    scales = [config.noise_scale, config.length_scale / speed, config.duration_noise_scale]
    feed = {
        "input": np.array([numbers], np.int64),
        "input_lengths": np.array([len(numbers)], np.int64),
        "scales": np.array(scales, np.float32),
    }
    try:
        audio, durations = session.run(None, feed)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EngineFailed(f"onnxruntime failed on {config.model_file}: {error}") from error
    samples, frames = audio.reshape(-1), durations.reshape(-1).astype(np.int64)
    if frames.sum() * config.samples_per_frame != samples.size or frames.size != len(numbers):
        raise ModelCorrupt(f"The durations of {config.model_file} do not add up to its audio")
    return samples, frames


def _symbol_edges(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each symbol begins and where the last one ends, in frames: shape (symbols + 1,).

    A symbol lasts as long as its own number and the pad that follows it.
    """
    begins = np.concatenate([[0], np.cumsum(frames)])
    edges: NDArray[np.int64] = begins[2::2]
    return edges
