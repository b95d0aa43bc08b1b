"""How fast: ``sayso narrate`` against kokoro-onnx, and against itself with everything in the cache.

Both read the English example with the voice af_heart and the very same int8 model file, each as a whole fresh process:
start of Python, imports, loading of the model and writing of the result included. Sayso does its whole work (MP3 with
a loudness pass, SRT, WebVTT, JSON), kokoro-onnx writes a WAV file. kokoro-onnx gets the words without markup, and our
voice files packed into the one that it loads.

One run of each is a warm-up that does not count; it also measures how this machine speaks best, which Sayso keeps in
its cache directory. Then they take turns (A, A again from the cache, B, A, …), so that what else happens on the
machine hits both. Every A begins with an empty speech cache. Real-time factors are seconds of work per second of the
program's own audio, since their pauses differ; the wall times of the same text are compared as well. Ratios are taken
pair by pair, and figures are medians.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.processes import narrate_command, narration_report, run
from bench.report import Figure, Result, Table
from bench.texts import ENGLISH_EXAMPLE, visible_paragraphs
from sayso.models import open_store
from sayso.settings import load_settings
from sayso.tts.engines.kokoro.voices import VoiceBook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.processes import Run

VOICE = "af_heart"
_TUNING = "tuning.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """One process and the length of the audio that it made."""

    run: Run
    audio_seconds: float

    @property
    def real_time_factor(self) -> float:
        return self.run.wall_seconds / self.audio_seconds

    @property
    def cpu_factor(self) -> float:
        return self.run.cpu_seconds / self.audio_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    ours: _Reading
    again: _Reading
    peer: _Reading


def measure_speed(work: Path, *, runs: int) -> Result:
    """Take turns for ``runs`` rounds, in an empty directory ``work``."""
    peer = _prepare_peer(work)
    _read(peer)
    warm = work / "warm"
    _read(narrate_command(ENGLISH_EXAMPLE, work / "out", "--voice", VOICE), warm)
    rounds = []
    for number in range(runs):
        cache = work / f"cache-{number}"
        cache.mkdir()
        if warm.joinpath(_TUNING).exists():  # a busy machine is not measured
            shutil.copy(warm / _TUNING, cache)
        command = narrate_command(ENGLISH_EXAMPLE, work / "out", "--voice", VOICE)
        rounds.append(_Round(ours=_read(command, cache), again=_read(command, cache), peer=_read(peer)))
    return _result(rounds)


def packed_voices(work: Path) -> Path:
    """Our voice as kokoro-onnx loads it, in a file in ``work``."""
    voices = work / "voices.npz"
    style = VoiceBook(open_store(load_settings()).path("kokoro-voices")).style(VOICE)
    np.savez(voices, allow_pickle=False, **{VOICE: style[:, np.newaxis, :]})
    return voices


def _prepare_peer(work: Path) -> Sequence[str]:
    """The command that has kokoro-onnx read the example."""
    store = open_store(load_settings())
    voices = packed_voices(work)
    text = work / "visible.txt"
    text.write_text("\n\n".join(visible_paragraphs(ENGLISH_EXAMPLE.read_text(encoding="utf-8"))), encoding="utf-8")
    model = store.path("kokoro-82m-int8") / "model.onnx"
    files = (model, voices, VOICE, text, work / "peer.wav")
    return [sys.executable, "-m", "bench.peer_kokoro_onnx", *map(str, files)]


def _read(command: Sequence[str], cache: Path | None = None) -> _Reading:
    finished = run(command, cache=cache)
    report = json.loads(finished.output) if cache is None else narration_report(finished)
    return _Reading(run=finished, audio_seconds=report["audio_seconds"])


def _result(rounds: Sequence[_Round]) -> Result:
    factors = [each.peer.real_time_factor / each.ours.real_time_factor for each in rounds]
    walls = [each.peer.run.wall_seconds / each.ours.run.wall_seconds for each in rounds]
    repeats = [each.ours.run.wall_seconds / each.again.run.wall_seconds for each in rounds]
    peer_repeats = [each.peer.run.wall_seconds / each.again.run.wall_seconds for each in rounds]
    ours = median(each.ours.real_time_factor for each in rounds)
    peer = median(each.peer.real_time_factor for each in rounds)
    of_runs = f"median of {len(rounds)}"
    figures = (
        Figure(name="real-time factor of sayso narrate", value=ours, unit="s/s", compared_to=of_runs, decimals=3),
        Figure(name="real-time factor of kokoro-onnx", value=peer, unit="s/s", compared_to=of_runs, decimals=3),
        Figure(
            name="speed of sayso narrate",
            value=median(factors),
            unit="×",
            compared_to=f"kokoro-onnx per second of audio, {_range(factors)}",
            at_least=1.3,
        ),
        Figure(
            name="speed of sayso narrate",
            value=median(walls),
            unit="×",
            compared_to=f"kokoro-onnx per character of text, {_range(walls)}",
        ),
        Figure(
            name="speed of the second narration",
            value=median(repeats),
            unit="×",
            compared_to=f"the first, {_range(repeats)}",
            at_least=50,
            decimals=0,
        ),
        Figure(
            name="speed of the second narration",
            value=median(peer_repeats),
            unit="×",
            compared_to=f"kokoro-onnx, which keeps nothing, {_range(peer_repeats)}",
            decimals=0,
        ),
    )
    return Result(name="speed", figures=figures, tables=(_details(rounds),), notes=_NOTES)


def _range(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} pairs"


def _details(rounds: Sequence[_Round]) -> Table:
    rows = []
    for name, readings in (
        ("sayso narrate", [each.ours for each in rounds]),
        ("sayso narrate again, all cached", [each.again for each in rounds]),
        ("kokoro-onnx", [each.peer for each in rounds]),
    ):
        walls = [reading.run.wall_seconds for reading in readings]
        rows.append(
            (
                name,
                f"{readings[0].audio_seconds:.1f} s",
                f"{median(walls):.2f} s",
                f"{min(walls):.2f}–{max(walls):.2f} s",
                f"{median(reading.real_time_factor for reading in readings):.4f}",
                f"{median(reading.cpu_factor for reading in readings):.4f}",
            )
        )
    columns = ("program", "audio", "wall, median", "wall, range", "wall s per audio s", "CPU s per audio s")
    return Table(title=f"Reading {ENGLISH_EXAMPLE.name}, whole processes", columns=columns, rows=rows)


_NOTES = (
    "Whole fresh processes, in turns; the same text, voice and model file; kokoro-onnx with its defaults.",
    "Sayso also measures loudness, encodes MP3 and writes three subtitle files; kokoro-onnx writes a WAV file.",
)
