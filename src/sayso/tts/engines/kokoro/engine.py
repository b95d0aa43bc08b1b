"""Kokoro-82M on onnxruntime, with the times of its own duration predictor."""

from __future__ import annotations

import functools
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing, UtteranceTooLong
from sayso.lazy import LazyModel
from sayso.tts.engines.kokoro.durations import symbol_edges
from sayso.tts.engines.kokoro.tuning import Tuning, tuning
from sayso.tts.engines.kokoro.vocabulary import (
    MAXIMUM_PHONEMES,
    NOTATION,
    PAD,
    SAMPLE_RATE_HZ,
    SAMPLES_PER_FRAME,
    SYMBOLS,
)
from sayso.tts.engines.kokoro.voices import STYLE_WIDTH, VoiceBook
from sayso.tts.engines.onnx_session import open_session
from sayso.tts.errors import require_speed
from sayso.tts.phonemes.phrasing import phrase
from sayso.tts.timing.word_times import token_times
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedReader
    from pathlib import Path

    from numpy.typing import NDArray

    from sayso.tts.base import G2P
    from sayso.types import FloatArray, Utterance

REVISION = 2
"""Raised whenever this package makes other audio or times with the same model."""

PULL_HINT = "Fetch it: sayso models pull kokoro-82m-int8"

# The length of a short sentence, for measuring; its words do not matter.
_TRIAL_SYMBOLS = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɔɡ."


class KokoroEngine:
    """See `SpeechEngine`.

    The model is loaded by the first thread that needs it, while others wait, so that a document that is all in the
    cache never loads it. Then threads share one session, which locks nothing: each call computes on the calling thread.
    An idle model can be unloaded after a time.
    """

    name = "kokoro"
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(
        self,
        model_file: Path,
        voices_directory: Path,
        g2p: G2P,
        *,
        tuning_file: Path,
        workers: int | None = None,
        idle_unload_seconds: float = 0,
    ) -> None:
        """Give the engine its parts.

        Args:
            model_file: the published ONNX graph.
            voices_directory: holds a ``.bin`` file per voice.
            g2p: the source of phonemes.
            tuning_file: stores the measurement of this machine.
            workers: how many utterances at once, one thread each; None to measure.
            idle_unload_seconds: an idle model is unloaded after this time; 0 for never.

        Raises:
            ModelMissing: the model's file is not there.
        """
        self._book = VoiceBook(voices_directory)
        self._g2p = g2p
        self._model_file = model_file
        self._tuning_file = tuning_file
        self._workers = workers
        self._lock = threading.Lock()  # guards the tuning
        self._tuning: Tuning | None = None
        self._session: LazyModel[Any] = LazyModel(self._load, idle_unload_seconds=idle_unload_seconds)
        try:
            file = model_file.open("rb")
        except OSError as error:
            raise ModelMissing(f"Cannot read {model_file}: {error.strerror}", hint=PULL_HINT) from error
        # On a thread: it takes as long as making the script of a short story, at the same time.
        thread = ThreadPoolExecutor(1, thread_name_prefix="kokoro-hash")
        self._model_hash = thread.submit(_hash_of, file)
        thread.shutdown(wait=False)

    @property
    def fingerprint(self) -> str:
        """See `SpeechEngine.fingerprint`."""
        return f"{self._edition} {self._g2p.fingerprint}"

    @property
    def workers(self) -> int:
        """See `SpeechEngine.workers`; on a new machine it is measured, for about ten seconds."""
        return self._tuned().workers

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language=self.language_of(name), engine=self.name) for name in self._book.names]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`; a blend speaks the language of its heaviest part."""
        return self._book.language_of(voice)

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        require_speed(speed)
        style = self._book.style(voice)
        phrasing = phrase(utterance, self._g2p, NOTATION)
        ids = [SYMBOLS[symbol] for symbol in phrasing.symbols]
        if len(ids) > MAXIMUM_PHONEMES:
            raise UtteranceTooLong(f"{len(ids)} phonemes are more than Kokoro's {MAXIMUM_PHONEMES}")
        with self._session.use() as session:
            samples, frames = _infer(session, ids, style[len(ids) - 1][np.newaxis], speed)
        audio = Audio(samples=samples, sample_rate_hz=self.sample_rate_hz)
        return Speech(audio=audio, times=token_times(phrasing, symbol_edges(frames), audio))

    @property
    def _edition(self) -> str:
        """This package's revision and the model's hash, once the thread that makes it is done."""
        return f"kokoro r{REVISION} {self._model_hash.result()}"

    def _load(self) -> Any:
        return self._open(self._tuned().threads)

    def _tuned(self) -> Tuning:
        if self._workers is not None:
            return Tuning(workers=self._workers, threads=1)
        with self._lock:
            if self._tuning is None:
                self._tuning = tuning(self._tuning_file, self._edition, self._open_speaker)
            return self._tuning

    def _open_speaker(self, threads: int) -> Callable[[], object]:
        ids = [SYMBOLS[symbol] for symbol in _TRIAL_SYMBOLS]
        style = self._book.style(self._book.names[0])[len(ids) - 1][np.newaxis]
        return functools.partial(_infer, self._open(threads), ids, style, 1.0)

    def _open(self, threads: int) -> Any:
        # Importing onnx takes longer than reading a short story from the cache.
        from sayso.tts.engines.kokoro.graph import prepare_graph, session_options

        options = session_options()
        options.intra_op_num_threads = threads
        graph = prepare_graph(self._model_file)
        session = open_session(graph, options, model_file=self._model_file, hint=PULL_HINT)
        _infer(session, [SYMBOLS["."]], np.zeros((1, STYLE_WIDTH), np.float32), 1.0)  # checks durations against audio
        return session


def _hash_of(file: BufferedReader) -> str:
    """The first 16 hexadecimal digits of a file's SHA-256; the file is closed."""
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _infer(session: Any, ids: Sequence[int], style: FloatArray, speed: float) -> tuple[FloatArray, NDArray[np.int64]]:
    """Run the model: float32 samples of shape (n,) and int64 frames per symbol, both pads included.

    Raises:
        EngineFailed: onnxruntime failed.
        ModelCorrupt: the frames are not those of the samples.
    """
    feed = {
        "tokens": np.array([[PAD, *ids, PAD]], np.int64),
        "style": style,
        "speed": np.array([speed], np.float32),
    }
    try:
        audio, durations = session.run(["audio", "durations"], feed)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EngineFailed(f"onnxruntime failed on Kokoro: {error}") from error
    samples, frames = audio.reshape(-1), durations.reshape(-1)
    if frames.sum() * SAMPLES_PER_FRAME != samples.size or frames.size != len(ids) + 2:
        raise ModelCorrupt("The model's durations do not add up to its audio, so its times cannot be trusted")
    return samples, frames
