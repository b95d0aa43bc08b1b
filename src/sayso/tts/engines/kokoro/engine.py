"""Kokoro-82M on onnxruntime, with the times of its own duration predictor."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from typing import TYPE_CHECKING

import numpy as np

from sayso.errors import ModelCorrupt, ModelMissing, UtteranceTooLong
from sayso.lazy import LazyModel
from sayso.machine import is_busy
from sayso.tts.base import MAXIMUM_MODEL_SPEED, MINIMUM_MODEL_SPEED
from sayso.tts.engines.kokoro.durations import BORDER_LAGS, symbol_edges
from sayso.tts.engines.kokoro.kernels import load_kernels
from sayso.tts.engines.kokoro.model import KokoroModel
from sayso.tts.engines.kokoro.planned import PlannedKokoro
from sayso.tts.engines.kokoro.tuning import Tuning, tuning
from sayso.tts.engines.kokoro.vocabulary import (
    MAXIMUM_PHONEMES,
    NOTATION,
    SAMPLE_RATE_HZ,
    SYMBOLS,
)
from sayso.tts.engines.kokoro.voices import VoiceBook
from sayso.tts.errors import require_speed
from sayso.tts.phonemes.phrasing import phrase
from sayso.tts.timing.word_times import token_times
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.tts.base import G2P
    from sayso.tts.engines.kokoro.kernels import Kernels
    from sayso.tts.phonemes.phrasing import Phrasing
    from sayso.tts.planned import PlannedSpeech
    from sayso.types import FloatArray, Utterance

REVISION = 5
"""Raised whenever this package makes other audio or times with the same model.

Native kernels and the ONNX graph differ only in rounding, as the graph itself does from one processor to another: what
either made is as good as what the other would make, so the speech cache does not tell them apart.
"""

_DIGEST_DIGITS = 16
_PIECE_BYTES = 2**26

PULL_HINT = "Fetch it: sayso models pull kokoro-82m-int8"

# The length of a short sentence, for measuring; its words do not matter.
_TRIAL_SYMBOLS = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ ðə lˈAzi dˈɔɡ."


class KokoroEngine:
    """See `SpeechEngine`.

    The model is loaded by the first thread that needs it, while others wait, so that a document that is all in the
    cache never loads it. Then threads share one session, which locks nothing: each call computes on the calling thread.
    An idle model can be unloaded after a time.

    The model's file stays open as long as the engine lives, so that one that was replaced by a rename is not mixed up
    with this: what is hashed and what is loaded, also later, is one file. It is read as a whole and not mapped, so that
    a loaded model needs it no more.
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
        use_kernels: bool = True,
        may_change: bool = False,
        model_name: str = "",
        model_version: str = "",
    ) -> None:
        """Give the engine its parts.

        Args:
            model_file: the published ONNX graph.
            voices_directory: holds a ``.bin`` file per voice.
            g2p: the source of phonemes.
            tuning_file: stores the measurement of this machine.
            workers: how many utterances at once, one thread each; None to measure.
            idle_unload_seconds: an idle model is unloaded after this time; 0 for never.
            use_kernels: whether native kernels make the sound, where they were compiled and can be trusted.
            may_change: whether another process replaces the files; then the fingerprint covers the voices, too.
            model_name: by its manifest or its directory, where the files may change.
            model_version: by its manifest; empty if it has none.

        Raises:
            ModelMissing: the model's file is not there.
            ModelCorrupt: a voice is none, where the files may change.
        """
        self.directory = model_file.parent
        self.model_name = model_name
        self.model_version = model_version
        self._book = VoiceBook(voices_directory, may_change=may_change)
        self._voices_digest = self._book.digest
        self._g2p = g2p
        self._model_file = model_file
        self._tuning_file = tuning_file
        self._workers = workers
        self._use_kernels = use_kernels
        self._lock = threading.Lock()  # guards the tuning
        self._tuning: Tuning | None = None
        self._session: LazyModel[KokoroModel] = LazyModel(self._load, idle_unload_seconds=idle_unload_seconds)
        try:
            self._descriptor = os.open(model_file, os.O_RDONLY)
        except OSError as error:
            raise ModelMissing(f"Cannot read {model_file}: {error.strerror}", hint=PULL_HINT) from error
        weakref.finalize(self, os.close, self._descriptor)
        # On a thread: it takes as long as making the script of a short story, at the same time.
        thread = ThreadPoolExecutor(1, thread_name_prefix="kokoro-hash")
        self._model_hash = thread.submit(_hash_of, os.dup(self._descriptor))
        thread.shutdown(wait=False)

    @property
    def fingerprint(self) -> str:
        """See `SpeechEngine.fingerprint`."""
        return f"{self._edition} {self._g2p.fingerprint}"

    @property
    def known_fingerprint(self) -> str | None:
        """The fingerprint, if it is known without waiting for the hash."""
        return self.fingerprint if self._model_hash.done() else None

    @property
    def workers(self) -> int:
        """See `SpeechEngine.workers`; on a new machine it is measured, for a few seconds."""
        return self._tuned().workers

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language=self.language_of(name), engine=self.name) for name in self._book.names]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`; a blend speaks the language of its heaviest part."""
        return self._book.language_of(voice)

    def plans_at(self, speed: float) -> bool:
        """See `PlanningEngine.plans_at`."""
        return MINIMUM_MODEL_SPEED <= speed <= MAXIMUM_MODEL_SPEED

    def plan(self, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
        """See `PlanningEngine.plan`; None where the model's graph cannot be divided."""
        phrasing, ids, style = self._read(utterance, voice, speed)
        with self._session.use() as model:
            if not model.is_divided:
                return None
            prosody = model.prosody(ids, style, speed)
        return PlannedKokoro(self._session.use, prosody, phrasing, symbol_edges(prosody.frames), utterance.tokens)

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        phrasing, ids, style = self._read(utterance, voice, speed)
        with self._session.use() as model:
            samples, frames = model.speak(ids, style, speed)
        audio = Audio(samples=samples, sample_rate_hz=self.sample_rate_hz)
        return Speech(audio=audio, times=token_times(phrasing, symbol_edges(frames), audio, lags=BORDER_LAGS))

    def _read(self, utterance: Utterance, voice: str, speed: float) -> tuple[Phrasing, list[int], FloatArray]:
        """The symbols of an utterance, their numbers, and the voice's style for so many."""
        require_speed(speed)
        style = self._book.style(voice)
        phrasing = phrase(utterance, self._g2p, NOTATION)
        ids = [SYMBOLS[symbol] for symbol in phrasing.symbols]
        if len(ids) > MAXIMUM_PHONEMES:
            raise UtteranceTooLong(f"{len(ids)} phonemes are more than Kokoro's {MAXIMUM_PHONEMES}")
        return phrasing, ids, style[len(ids) - 1][np.newaxis]

    def prepare(self, previous: KokoroEngine) -> None:
        """Load the model of an engine that takes the place of another, and synthesise something with it.

        What was measured of the machine with the other one, if it was, counts for this one.

        Raises:
            ModelCorrupt: the model cannot be loaded, or its voices lack one of the other's.
            EngineFailed: it does not compute.
        """
        lacking = sorted(set(previous._book.names) - set(self._book.names))
        if lacking:
            raise ModelCorrupt(f"{self._model_file} comes without voices that are in use: {', '.join(lacking)}.")
        self._tuning = previous._tuning
        with self._session.use() as model:
            ids = [SYMBOLS[symbol] for symbol in _TRIAL_SYMBOLS]
            model.speak(ids, self._book.style(self._book.names[0])[len(ids) - 1][np.newaxis], 1.0)
        self._model_hash.result()

    def retire(self) -> None:
        """Let the model leave the memory with the last reference to this, whatever the idle time is."""
        self._session.retire()

    @property
    def _edition(self) -> str:
        """This package's revision and the model's hash, once the thread that makes it is done; and the voices'."""
        voices = f" voices {self._voices_digest[:_DIGEST_DIGITS]}" if self._voices_digest else ""
        return f"kokoro r{REVISION} {self._model_hash.result()}{voices}"

    def _load(self) -> KokoroModel:
        return self._open(self._tuned().threads)

    def _tuned(self) -> Tuning:
        if self._workers is not None:
            return Tuning(workers=self._workers, threads=1)
        with self._lock:
            if self._tuning is None:
                path = "" if self._kernels is None else " with native kernels"
                self._tuning = tuning(self._tuning_file, self._edition + path, self._open_speaker, is_busy=is_busy)
            return self._tuning

    @functools.cached_property
    def _kernels(self) -> Kernels | None:
        return load_kernels() if self._use_kernels else None

    def _open_speaker(self, threads: int) -> Callable[[], object]:
        ids = [SYMBOLS[symbol] for symbol in _TRIAL_SYMBOLS]
        style = self._book.style(self._book.names[0])[len(ids) - 1][np.newaxis]
        return functools.partial(self._open(threads).speak, ids, style, 1.0)

    def _open(self, threads: int) -> KokoroModel:
        return KokoroModel(self._content(), self._model_file, threads=threads, hint=PULL_HINT, kernels=self._kernels)

    def _content(self) -> bytes:
        """The model's file, whichever of its names it still has.

        Raises:
            ModelMissing: it cannot be read, as when NFS has lost it.
        """
        content = bytearray()
        try:
            while piece := os.pread(self._descriptor, _PIECE_BYTES, len(content)):
                content += piece
        except OSError as error:
            raise ModelMissing(f"Cannot read {self._model_file}: {error.strerror}", hint=PULL_HINT) from error
        return bytes(content)


def _hash_of(descriptor: int) -> str:
    """The first 16 hexadecimal digits of a file's SHA-256; the descriptor is closed."""
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file_digest(file, "sha256").hexdigest()[:_DIGEST_DIGITS]
