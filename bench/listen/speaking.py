"""The same sentences by five voices, computed in each of the ways that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import onnxruntime

from bench.listen.pairs import Reading
from bench.texts import ENGLISH_CLAUSES, FRENCH_CLAUSES
from sayso.bootstrap import speech_sources
from sayso.models import open_store
from sayso.narration import Document, to_script
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.graph import session_options
from sayso.tts.engines.kokoro.kernels import load_kernels
from sayso.tts.engines.kokoro.model import KokoroModel
from sayso.tts.engines.kokoro.vocabulary import NOTATION, PAD, SYMBOLS
from sayso.tts.engines.kokoro.voices import VoiceBook
from sayso.tts.phonemes.languages import phonemes
from sayso.tts.phonemes.phrasing import phrase
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from random import Random

    from sayso.types import FloatArray

VOICES: Sequence[tuple[str, Path]] = (
    ("af_heart", ENGLISH_CLAUSES),
    ("am_michael", ENGLISH_CLAUSES),
    ("bf_emma", ENGLISH_CLAUSES),
    ("bm_george", ENGLISH_CLAUSES),
    ("ff_siwis", FRENCH_CLAUSES),
)
"""Each voice and the text that its sentences are taken from."""

NATIVE = "native kernels"
GRAPH = "ONNX graph in use"
PUBLISHED = "published graph"

_NO_KERNELS = "Native kernels are not compiled here (see native/README.md), so they are not among the versions."
_UNUSED_KERNELS = "The native kernels did not pass their self-test (see the log), so they are not among the versions."


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """The readings of all voices, and what is to be known about them, a sentence each."""

    readings: Sequence[Reading]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Inputs:
    """A sentence as the model takes it: its language, and the symbols' numbers and the style of each utterance."""

    language: str
    utterances: Sequence[tuple[Sequence[int], FloatArray]]


class _Version(Protocol):
    def __call__(self, ids: Sequence[int], style: FloatArray) -> FloatArray:
        """The float32 samples of shape (n,) of these symbols."""
        ...


def speak_all(random: Random, *, sentences: int) -> Spoken:
    """Have each voice read the same sentences of its language.

    Args:
        random: chooses the sentences.
        sentences: how many of each language.

    Raises:
        ModelMissing: Kokoro's model is not installed.
        ValueError: two versions differ in length, which would give them away.
    """
    chosen = {text: random.sample(_lines(text), sentences) for _, text in VOICES}
    versions, notes = _versions()
    inputs_of = _inputs()
    readings = [_read(voice, line, inputs_of(voice, line), versions) for voice, text in VOICES for line in chosen[text]]
    if NATIVE in versions and all(np.array_equal(each.versions[NATIVE], each.versions[GRAPH]) for each in readings):
        notes = (*notes, _UNUSED_KERNELS)
        readings = [each.without(NATIVE) for each in readings]
    return Spoken(readings=readings, notes=notes)


def _lines(text: Path) -> Sequence[str]:
    return [line for line in text.read_text(encoding="utf-8").splitlines() if line.strip()]


def _versions() -> tuple[Mapping[str, _Version], Sequence[str]]:
    """The ways to compute the sound, and why one is missing."""
    model_file = open_store(load_settings()).path("kokoro-82m-int8") / "model.onnx"
    content = model_file.read_bytes()
    versions = {GRAPH: _of_model(KokoroModel(content, model_file, threads=1, hint="")), PUBLISHED: _published(content)}
    kernels = load_kernels()
    if kernels is None:
        return versions, (_NO_KERNELS,)
    native = _of_model(KokoroModel(content, model_file, threads=1, hint="", kernels=kernels))
    return {NATIVE: native, **versions}, ()


def _of_model(model: KokoroModel) -> _Version:
    def speak(ids: Sequence[int], style: FloatArray) -> FloatArray:
        return model.speak(ids, style, 1.0)[0]

    return speak


def _published(content: bytes) -> _Version:
    """The graph of the file as it is, without a rewrite and without an output for durations."""
    session = onnxruntime.InferenceSession(content, session_options(), providers=["CPUExecutionProvider"])

    def speak(ids: Sequence[int], style: FloatArray) -> FloatArray:
        feed = {"tokens": np.array([[PAD, *ids, PAD]], np.int64), "style": style, "speed": np.ones(1, np.float32)}
        samples: FloatArray = session.run(["audio"], feed)[0].reshape(-1)
        return samples

    return speak


def _read(voice: str, line: str, inputs: _Inputs, versions: Mapping[str, _Version]) -> Reading:
    parts = {name: [speak(ids, style) for ids, style in inputs.utterances] for name, speak in versions.items()}
    samples = {name: np.concatenate(each) for name, each in parts.items()}
    if len({each.size for each in samples.values()}) > 1:
        lengths = ", ".join(f"{name}: {each.size}" for name, each in samples.items())
        raise ValueError(f"The versions of {line!r} by {voice} differ in length (samples): {lengths}.")
    return Reading(voice=voice, language=inputs.language, text=line, versions=samples)


def _inputs() -> Callable[[str, str], _Inputs]:
    """What turns a sentence for a voice into the model's inputs, as a narration does."""
    settings = load_settings()
    sources = tuple(speech_sources(settings).values())
    book = VoiceBook(open_store(settings).path("kokoro-voices"))
    g2p = phonemes()

    def inputs_of(voice: str, line: str) -> _Inputs:
        engine, _ = select(sources, voice)
        script = to_script(Document(text=line, name="listen", markdown=False), engine, voice=voice)
        symbols = [phrase(part.utterance, g2p, NOTATION).symbols for part in script.lines]
        ids = [[SYMBOLS[symbol] for symbol in each] for each in symbols]
        utterances = tuple((each, book.style(voice)[len(each) - 1][np.newaxis]) for each in ids)
        return _Inputs(language=script.lines[0].utterance.language, utterances=utterances)

    return inputs_of
