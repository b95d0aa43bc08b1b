"""``sayso transcribe`` on the readings by people, with the times of Whisper and with those of the aligner."""

from __future__ import annotations

import json
import sys
import wave
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.judging import error_row, written
from bench.processes import run
from bench.words import plain_words
from sayso.alignment.matching import letters_of, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.alignment.judging import Times
    from bench.readings import Reading

BEFORE, AFTER = "Whisper", "the aligner"
COLUMNS = ("recording", "times by", "n", "not heard", "bias", "median", "mean", "p95", "≤ 20", "≤ 50", "≤ 100")

_ENVIRONMENT = {BEFORE: ["env", "SAYSO_ALIGNMENT_MODEL=none"], AFTER: []}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Transcribed:
    """What the command made of the readings.

    Attributes:
        errors_ms: of the starts of the words that were heard rightly, by reading.
        cpu_seconds: of the whole command, the median of the runs.
        word_error_rate: over all readings.
    """

    errors_ms: Sequence[Times]
    cpu_seconds: float
    word_error_rate: float

    @property
    def within_50_ms(self) -> float:
        """The percentage of the words that were heard."""
        heard = np.concatenate([each[~np.isnan(each)] for each in self.errors_ms])
        return float(100 * np.mean(np.abs(heard) <= 50))


def transcribed(work: Path, readings: Sequence[Reading], *, runs: int) -> dict[str, Transcribed]:
    """Both, in turns, by `BEFORE` and `AFTER`."""
    files = [_written_to(work / f"{reading.name}.wav", reading) for reading in readings]
    spent: dict[str, list[float]] = {name: [] for name in _ENVIRONMENT}
    for _ in range(runs):
        for name, environment in _ENVIRONMENT.items():
            command = [*environment, sys.executable, "-m", "sayso", "transcribe", *map(str, files), "--quiet"]
            options = ["--language", "en-us", "--format", "json", "--out", str(work / name)]
            spent[name].append(run([*command, *options]).cpu_seconds)
    return {name: _judged(work / name, readings, median(spent[name])) for name in _ENVIRONMENT}


def rows_of_transcripts(found: dict[str, Transcribed], readings: Sequence[Reading]) -> list[tuple[str, ...]]:
    """The words that were heard, of each reading and of all."""
    rows = []
    for name, each in found.items():
        parts = zip((reading.name for reading in readings), each.errors_ms, strict=True)
        for label, errors in [*parts, ("together", np.concatenate(each.errors_ms))]:
            heard = errors[~np.isnan(errors)]
            row = error_row(label, f"{name} ({each.cpu_seconds:.1f} s of CPU)", heard)
            rows.append((*row[:3], str(errors.size - heard.size), *row[4:]))
    return rows


def _written_to(path: Path, reading: Reading) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.clip(reading.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _judged(directory: Path, readings: Sequence[Reading], cpu_seconds: float) -> Transcribed:
    from bench.wer import compare  # its library is installed for the benchmarks only

    errors: list[Times] = []
    read: list[str] = []
    heard: list[str] = []
    for reading in readings:
        content = json.loads((directory / f"{reading.name}.json").read_text(encoding="utf-8"))
        words = content["words"]
        hits = match(
            [letters_of("".join(said)) for _, said in written(reading)], [letters_of(word["text"]) for word in words]
        )
        starts = np.array([np.nan if hit is None else words[hit]["start"] for hit in hits])
        errors.append(1000 * (starts - reading.times[:, 0]))
        read += plain_words([reading.text], reading.language)
        heard += plain_words([content["text"]], reading.language)
    return Transcribed(errors_ms=errors, cpu_seconds=cpu_seconds, word_error_rate=compare(read, heard).word_error_rate)
