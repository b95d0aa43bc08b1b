"""Utterances spoken by an engine, with its word times and with what its model alone would have said."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

from sayso.narration import Document, to_script
from sayso.tts.engines.kokoro.durations import EARLY_SAMPLES
from sayso.tts.timing.word_times import token_times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sayso.tts.base import SpeechEngine
    from sayso.tts.phonemes.phrasing import Phrasing
    from sayso.tts.timing.borders import BorderLags
    from sayso.types import Audio, TokenTime, Utterance

_CORRECTED_SAMPLES = {"kokoro": EARLY_SAMPLES, "piper": 0}
"""How much an engine takes off its model's durations everywhere, before it looks at the sound."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpokenUtterance:
    """What an engine made of an utterance.

    Attributes:
        utterance: what was said.
        audio: the sound as the engine gives it, not trimmed, not levelled.
        times: the engine's word times.
        raw_times: the model's durations added up, as the graph gives them.
    """

    utterance: Utterance
    audio: Audio
    times: tuple[TokenTime, ...]
    raw_times: tuple[tuple[int, int], ...]


def speak_all(
    engine: SpeechEngine, voice: str, text_file: Path, *, speed: float = 1.0, lines: int | None = None
) -> list[SpokenUtterance]:
    """Speak a text's first utterances, or all, as many at once as the engine does best."""
    document = Document(text=text_file.read_text(encoding="utf-8"), name=text_file.stem, markdown=False)
    script = to_script(document, engine, voice=voice)
    with _edges_recorded(engine.name) as recorded:

        def speak(utterance: Utterance) -> SpokenUtterance:
            speech = engine.synthesise(utterance, voice=voice, speed=speed)
            if speech.times is None:
                raise ValueError(f"{engine.name} gives no times")
            phrasing, edges = recorded.phrasing, recorded.edges + _CORRECTED_SAMPLES[engine.name]
            raw = tuple((int(edges[begin]), int(edges[end])) for begin, end in phrasing.places)
            return SpokenUtterance(utterance=utterance, audio=speech.audio, times=speech.times, raw_times=raw)

        with ThreadPoolExecutor(engine.workers) as pool:
            return list(pool.map(speak, [line.utterance for line in script.lines[:lines]]))


class _Recorded(threading.local):
    """What the calling thread's last utterance was timed by."""

    phrasing: Phrasing
    edges: NDArray[np.int64]


@contextmanager
def _edges_recorded(engine_name: str) -> Iterator[_Recorded]:
    """Note what an engine hands to `token_times`: the model's durations leave it nowhere else."""
    recorded = _Recorded()

    def record(
        phrasing: Phrasing, edges: NDArray[np.int64], audio: Audio, *, lags: BorderLags
    ) -> tuple[TokenTime, ...]:
        recorded.phrasing, recorded.edges = phrasing, edges
        return token_times(phrasing, edges, audio, lags=lags)

    with patch(f"sayso.tts.engines.{engine_name}.engine.token_times", record):
        yield recorded
