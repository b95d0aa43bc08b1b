"""How well known texts are placed on recordings, by Sayso and by others, in one run.

The truth of the readings by people is their grids (see `bench.readings`); that of synthetic voices is the engine's own
word times. Errors are the time given less the truth: negative is early. A word that a method does not place counts as
beyond every limit; means and medians are over those that it places.

- ``sayso``: `sayso.alignment`; with pocketsphinx where it is installed and speaks the language.
- ``phonemes``: the phoneme model alone.
- ``pocketsphinx``: alone, with the true text (English).
- ``whisper``: the words of faster-whisper's plain call that are those of the text.
- ``characters``: the sounding part shared out by characters.

Then: conditions that recordings go through, ``sayso transcribe`` with and without the aligner, texts that are not what
is read, a recording of two hours, ``sayso retime``, and captions of a cloud engine. ``quick`` takes one voice, three
conditions, one run and no recording of two hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.captions import captions
from bench.alignment.judging import (
    COLUMNS,
    error_row,
    flags,
    rows_of_classes,
    rows_of_conditions,
    rows_of_methods,
    rows_of_worst,
    together,
    within,
)
from bench.alignment.listening import remembering_aligner
from bench.alignment.methods import aligned_by, judge, methods_of
from bench.alignment.retiming import COLUMNS as RETIMING_COLUMNS
from bench.alignment.retiming import retimed, rows_of_retiming
from bench.alignment.speech import CONDITIONS, SILENCES, VOICES, changed, spoken
from bench.alignment.transcripts import AFTER, BEFORE, rows_of_transcripts, transcribed
from bench.alignment.transcripts import COLUMNS as TRANSCRIPT_COLUMNS
from bench.alignment.two_hours import placed_on_two_hours
from bench.alignment.wrong_texts import COLUMNS as WRONG_COLUMNS
from bench.alignment.wrong_texts import chapter_of, rows_of_wrong_texts
from bench.readings import HELD_OUT, TUNED_ON, readings
from bench.report import Figure, Result, Table
from sayso.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.alignment.judging import Judged
    from bench.alignment.transcripts import Transcribed
    from bench.alignment.two_hours import Placed
    from bench.readings import Reading
    from sayso.alignment import Aligner
    from sayso.settings import Settings

GOAL_WITHIN_50_MS_PERCENT = 85.0
GOAL_MEDIAN_MS = 20.0
GOAL_CLEAN_MEAN_MS = 15.0
GOAL_CLEAN_WITHIN_50_MS_PERCENT = 97.0
GOAL_FLAGGED_PERCENT = 5.0
GOAL_TRANSCRIPT_PERCENT = 82.0
GOAL_TRANSCRIPT_CPU = 1.3

_QUICK_CONDITIONS = ("noise, 10 dB", "MP3, 32 kbit/s", SILENCES)
_QUICK_VOICES = ("en_US-joe-medium",)
_RUNS = 3
_ON_CLEAN_SPEECH = ("sayso", "phonemes", "characters")
_MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Material:
    """What texts are placed on."""

    people: Sequence[Reading]
    voices: Sequence[Reading]
    conditions: Sequence[str]


def measure_alignment(work: Path, *, minutes: float = 120.0, quick: bool = False) -> Result:
    """Place every text by every method, and judge the times.

    Args:
        work: an empty directory.
        minutes: of the long recording.
        quick: leave out what takes long.
    """
    settings = load_settings()
    names = _QUICK_VOICES if quick else tuple(VOICES)
    material = _Material(
        people=readings(),
        voices=[spoken(voice, settings) for voice in names],
        conditions=_QUICK_CONDITIONS if quick else (*(name for name in CONDITIONS if name != "clean"), SILENCES),
    )
    aligner = remembering_aligner(settings)
    people, clean, tables = _placed_by_methods(material, settings)
    tables += _under_conditions(material, aligner)
    figures = list(_figures(people["sayso"], clean["phonemes"]))
    heard = transcribed(work, material.people, runs=1 if quick else _RUNS)
    tables.append(
        Table(
            title="Words that sayso transcribe heard rightly: starts",
            columns=TRANSCRIPT_COLUMNS,
            rows=rows_of_transcripts(heard, material.people),
        )
    )
    figures += _transcript_figures(heard)
    wrong = rows_of_wrong_texts(chapter_of(settings), aligner)
    tables.append(Table(title="Texts that are not what is read", columns=WRONG_COLUMNS, rows=wrong))
    moved = retimed([*material.people, *material.voices], aligner)
    tables.append(Table(title="Cues: starts", columns=RETIMING_COLUMNS, rows=rows_of_retiming(moved)))
    before, after, differed = captions(settings, aligner, quick=quick)
    rows = [error_row("by characters", "", before), error_row("by the aligner", "", after)]
    rows += [error_row("less the median", "", after - np.nanmedian(after))]
    tables.append(Table(title=f"Captions of a cloud engine ({differed} left out)", columns=COLUMNS, rows=rows))
    if not quick:
        long = placed_on_two_hours(work, settings, minutes=minutes)
        figures += _long_figures(long)
        tables.append(Table(title="The long recording", columns=COLUMNS, rows=[error_row("all", "", long.errors_ms)]))
    return Result(name="alignment", figures=figures, tables=tables, notes=_NOTES)


def _placed_by_methods(
    material: _Material, settings: Settings
) -> tuple[Mapping[str, Sequence[Judged]], Mapping[str, Sequence[Judged]], list[Table]]:
    """The readings and the clean voices by every method, and the tables of both."""
    methods = methods_of(settings)
    people = {name: [judge(method, each) for each in material.people] for name, method in methods.items()}
    clean = {name: [judge(methods[name], each) for each in material.voices] for name in _ON_CLEAN_SPEECH}
    classes = {"people": people["sayso"], "voices": clean["phonemes"]}
    tables = [
        Table(title="Readings by people: starts, ms and %", columns=COLUMNS, rows=list(rows_of_methods(people, 0))),
        Table(title="Readings by people: ends", columns=COLUMNS, rows=list(rows_of_methods(people, 1))),
        Table(title="Synthetic voices, clean: starts", columns=COLUMNS, rows=list(rows_of_methods(clean, 0))),
        Table(title="Synthetic voices, clean: ends", columns=COLUMNS, rows=list(rows_of_methods(clean, 1))),
        Table(title="By class: starts", columns=COLUMNS, rows=list(rows_of_classes(classes))),
        Table(
            title="The worst starts in the readings by people",
            columns=("reading", "word", "at, s", "error, ms", "confidence"),
            rows=list(rows_of_worst(people["sayso"])),
        ),
    ]
    return people, clean, tables


def _under_conditions(material: _Material, aligner: Aligner) -> list[Table]:
    """Ours on recordings that went through something, of people and of voices."""
    ours = aligned_by(aligner)
    tables = []
    for title, group in (("Readings by people", material.people), ("Synthetic voices", material.voices)):
        conditions = {
            condition: [judge(ours, changed(each, condition)) for each in group] for condition in material.conditions
        }
        rows = list(rows_of_conditions(conditions))
        tables.append(Table(title=f"{title} by condition: starts", columns=COLUMNS, rows=rows))
        if group is material.voices:
            rows = list(rows_of_conditions(conditions, without_bias=True))
            tables.append(Table(title=f"{title}, less each voice's median", columns=COLUMNS, rows=rows))
    return tables


def _figures(people: Sequence[Judged], voices: Sequence[Judged]) -> Iterator[Figure]:
    held_out = [each for each in people if each.reading.name in HELD_OUT]
    for name, results, at_least, at_most in (
        ("readings by people", people, GOAL_WITHIN_50_MS_PERCENT, GOAL_MEDIAN_MS),
        ("the third reading", held_out, None, None),
    ):
        errors = together(results)
        counted = f"{errors.size} words, against their grids"
        yield Figure(
            name=f"starts within 50 ms, {name}",
            value=within(errors, 50),
            unit="%",
            compared_to=counted,
            at_least=at_least,
        )
        middle = float(np.nanmedian(np.abs(errors)))
        yield Figure(name=f"median error, {name}", value=middle, unit="ms", compared_to=counted, at_most=at_most)
    errors = together(voices)
    counted = f"{errors.size} words, the phoneme model alone, against the engines' times"
    yield Figure(
        name="mean error, clean voices",
        value=float(np.nanmean(np.abs(errors))),
        unit="ms",
        compared_to=counted,
        at_most=GOAL_CLEAN_MEAN_MS,
    )
    yield Figure(
        name="starts within 50 ms, clean voices",
        value=within(errors, 50),
        unit="%",
        compared_to=counted,
        at_least=GOAL_CLEAN_WITHIN_50_MS_PERCENT,
    )
    doubtful = flags([*people, *voices])
    yield Figure(
        name="words flagged as doubtful",
        value=doubtful.percent,
        unit="%",
        compared_to=f"mean error {doubtful.mean_ms:.0f} ms, of the rest {doubtful.rest_ms:.0f} ms",
        at_most=GOAL_FLAGGED_PERCENT,
    )


def _transcript_figures(heard: Mapping[str, Transcribed]) -> Iterator[Figure]:
    before, after = heard[BEFORE], heard[AFTER]
    yield Figure(
        name="transcripts: starts within 50 ms",
        value=after.within_50_ms,
        unit="%",
        compared_to=f"{before.within_50_ms:.1f} % by Whisper",
        at_least=GOAL_TRANSCRIPT_PERCENT,
    )
    yield Figure(
        name="transcripts: processor time",
        value=after.cpu_seconds / before.cpu_seconds,
        unit="×",
        compared_to=f"without the aligner, {before.cpu_seconds:.1f} s",
        at_most=GOAL_TRANSCRIPT_CPU,
    )
    yield Figure(
        name="transcripts: word error rate",
        value=100 * after.word_error_rate,
        unit="%",
        compared_to=f"{100 * before.word_error_rate:.2f} % without the aligner",
        at_most=math.ceil(10_000 * before.word_error_rate) / 100,
    )


def _long_figures(long: Placed) -> Iterator[Figure]:
    first, last = long.drift_ms()
    placed = int(np.sum(~np.isnan(long.errors_ms)))
    what = f"{long.seconds / 60:.0f} minutes, {placed:,} of {long.errors_ms.size:,} words placed"
    yield Figure(name="long recording: drift", value=last - first, unit="ms", compared_to=what)
    share = long.run.cpu_seconds / long.seconds
    yield Figure(name="long recording: CPU a second", value=share, unit="s", compared_to="transcription included")
    wall = long.run.wall_seconds / 60
    yield Figure(name="long recording: wall time", value=wall, unit="min", compared_to=what)
    yield Figure(name="long recording: peak memory", value=long.run.peak_bytes / _MIB, unit="MiB", compared_to=what)


_NOTES = (
    f"Tuned on {' and '.join(TUNED_ON)}; two rules were made when {', '.join(HELD_OUT)} was known, too.",
    "The readings' grids are machine-made and wrong by 80 to 350 ms in places.",
    "A word that a method does not place counts as beyond every limit.",
    "Times of voices of services are by the phoneme model alone: so clean voices are judged by it.",
)
