"""How fast recordings are heard: ``sayso transcribe`` against faster-whisper's plain call, with the same model.

Kokoro reads a document in which no two sentences are alike (`bench.longtext`); whisper-base writes it down, each time
in a whole fresh process: start of Python, imports and loading of the model included. faster-whisper runs as it ships
(``WhisperModel(model).transcribe(file)``, which computes in 32 bits on a processor), and quantised to 8 bits as Sayso
does. Sayso also finds a time for every word, which the plain call does not. The programs take turns, so that what else
happens on the machine hits all; ratios are taken round by round, and figures are medians. Processor time is shown
beside wall time because it depends less on what else the machine does.

Word error rates are those of the first round: nothing is left to chance in either program unless a chunk fails
Whisper's own checks. None is told the language.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.long_recording import make_recording
from bench.processes import run
from bench.report import Figure, Result, Table
from bench.texts import visible_paragraphs
from bench.wer import compare
from bench.words import spoken_words
from sayso.audio import decode_blocks
from sayso.models import open_store
from sayso.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.processes import Run
    from bench.wer import Comparison

OURS = "sayso transcribe"
PLAIN = "faster-whisper"
QUANTISED = "faster-whisper, int8"

_LANGUAGE = "en-us"
_MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listening:
    """What one program did in each round, and how well it heard."""

    runs: Sequence[Run]
    comparison: Comparison

    @property
    def percent(self) -> float:
        return 100 * self.comparison.word_error_rate


def measure_transcription(work: Path, *, minutes: float, runs: int, recordings: Path | None = None) -> Result:
    """Take turns for ``runs`` rounds.

    Args:
        work: an empty directory.
        minutes: of audio, about.
        runs: rounds.
        recordings: where recordings are kept from run to run; ``work`` by default.
    """
    document, recording = make_recording(recordings or work, minutes)
    commands = _commands(recording)
    finished: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            finished[name].append(run(command, watch_memory=True))
    paragraphs = visible_paragraphs(document.read_text(encoding="utf-8"))
    read = [word for paragraph in paragraphs for word in spoken_words(paragraph, _LANGUAGE)]
    heard = {
        name: _Listening(runs=each, comparison=compare(read, spoken_words(_text(each[0]), _LANGUAGE)))
        for name, each in finished.items()
    }
    seconds = sum(block.size for block in decode_blocks(recording, sample_rate_hz=8000)) / 8000
    return Result(name="transcription", figures=_figures(heard), tables=_tables(heard, seconds))


def _commands(recording: Path) -> Mapping[str, Sequence[str]]:
    model = str(open_store(load_settings()).path("whisper-base"))
    peer = [sys.executable, "-m", "bench.peer_faster_whisper", model, str(recording)]
    return {
        OURS: [sys.executable, "-m", "sayso", "transcribe", str(recording), "--model", "base", "--json"],
        PLAIN: [*peer, "default"],
        QUANTISED: [*peer, "int8"],
    }


def _text(finished: Run) -> str:
    report = json.loads(finished.output)
    text: str = report["transcriptions"][0]["text"] if "transcriptions" in report else report["text"]
    return text


def _figures(heard: Mapping[str, _Listening]) -> list[Figure]:
    ours = heard[OURS]
    figures = []
    for name in (PLAIN, QUANTISED):
        ratios = [peer.wall_seconds / our.wall_seconds for our, peer in zip(ours.runs, heard[name].runs, strict=True)]
        figures.append(
            Figure(
                name=f"speed of {OURS}",
                value=median(ratios),
                unit="×",
                compared_to=f"{name}; {min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} rounds",
                at_least=1.5,
            )
        )
    figures.append(
        Figure(
            name=f"word error rate of {OURS}",
            value=ours.percent,
            unit="%",
            compared_to=", ".join(f"{name}: {heard[name].percent:.2f} %" for name in (PLAIN, QUANTISED)),
            at_most=min(heard[PLAIN].percent, heard[QUANTISED].percent),
        )
    )
    return figures


def _tables(heard: Mapping[str, _Listening], seconds: float) -> list[Table]:
    rows = []
    for name, listening in heard.items():
        walls = [each.wall_seconds for each in listening.runs]
        rows.append(
            (
                name,
                f"{median(walls):.1f} s",
                f"{min(walls):.1f}–{max(walls):.1f} s",
                f"{median(each.cpu_seconds for each in listening.runs):.1f} s",
                f"{seconds / median(walls):.1f} ×",
                f"{max(each.peak_bytes for each in listening.runs) / _MIB:.0f} MiB",
                f"{listening.percent:.2f} %",
            )
        )
    columns = ("program", "wall, median", "wall, range", "CPU, median", "real time", "peak memory", "word errors")
    tables = [Table(title=f"Hearing {seconds / 60:.1f} minutes, whole processes", columns=columns, rows=rows)]
    for name, listening in heard.items():
        differences = [
            (each.read or "(nothing)", each.heard or "(nothing)") for each in listening.comparison.differences
        ]
        tables.append(Table(title=f"What {name} heard otherwise", columns=("read", "heard"), rows=differences))
    return tables
