"""How well known texts are placed on recordings: three readings by people, and voices with exact times.

The truth of the readings is their grids (see `bench.readings`); that of synthetic voices is the engine's own word
times, which nothing of the aligner was tuned on. Errors are the time given less the truth: negative is early. A word
that a method does not place counts as beyond every limit; means and medians are over those that it places.

- ``sayso``: `sayso.alignment`; with pocketsphinx where it is installed and speaks the language.
- ``phonemes``: the phoneme model alone.
- ``pocketsphinx``: alone, with the true text (English).
- ``whisper``: the words of faster-whisper's plain call that are those of the text.
- ``characters``: the sounding part shared out by characters.

Tuned on `TUNED_ON` alone: how late the phoneme model is, when pocketsphinx is trusted and how much, edges at pauses.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment_speech import CONDITIONS, VOICES, changed, spoken
from bench.readings import HELD_OUT, TUNED_ON, readings
from bench.report import Figure, Result, Table
from sayso.alignment import DOUBTFUL, SAMPLE_RATE_HZ, Aligner, InMemory, tokens_of
from sayso.alignment.matching import letters_of, match
from sayso.alignment.placing import pronounce
from sayso.alignment.sphinx import SphinxAligner
from sayso.bootstrap.alignment import open_aligner, open_phoneme_model
from sayso.settings import load_settings
from sayso.subtitles import naive_times
from sayso.tts.phonemes.espeak import espeak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from bench.readings import Reading
    from sayso.settings import Settings
    from sayso.types import Span

    Times = NDArray[np.float64]
    Method = Callable[[Reading], Times]

GOAL_WITHIN_50_MS_PERCENT = 85.0
GOAL_MEDIAN_MS = 20.0
GOAL_CLEAN_MEAN_MS = 15.0
GOAL_CLEAN_WITHIN_50_MS_PERCENT = 97.0
GOAL_FLAGGED_PERCENT = 5.0

_PAUSE_SECONDS = 0.15
_WORST_SHOWN = 20
_COLUMNS = ("recording", "times by", "n", "missing", "bias", "median", "mean", "p95", "≤ 20", "≤ 50", "≤ 100")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """What a method made of a reading: a start, an end and a confidence for each word, NaN where it is not placed."""

    reading: Reading
    given: Times
    cpu_share: float

    def errors_ms(self, edge: int = 0) -> Times:
        """Of the starts (0) or the ends (1)."""
        errors: Times = 1000 * (self.given[:, edge] - self.reading.times[:, edge])
        return errors


def measure_alignment() -> Result:
    """Place every text by every method, and judge the times."""
    settings = load_settings()
    people = readings()
    methods = _methods(settings)
    judged = {name: [_judge(method, each) for each in people] for name, method in methods.items()}
    voices = [spoken(voice, settings) for voice in VOICES]
    ours = methods["sayso"]
    clean = {
        name: [_judge(method, each) for each in voices]
        for name, method in methods.items()
        if name in {"sayso", "phonemes", "characters"}
    }
    conditions = {
        condition: [_judge(ours, changed(each, condition)) for each in voices]
        for condition in CONDITIONS
        if condition != "clean"
    }
    tables = (
        Table(title="Readings by people: starts, ms and %", columns=_COLUMNS, rows=list(_rows(judged, 0))),
        Table(title="Readings by people: ends", columns=_COLUMNS, rows=list(_rows(judged, 1))),
        Table(title="Synthetic voices, clean: starts", columns=_COLUMNS, rows=list(_rows(clean, 0))),
        Table(title="Synthetic voices, clean: ends", columns=_COLUMNS, rows=list(_rows(clean, 1))),
        Table(title="Synthetic voices by condition: starts", columns=_COLUMNS, rows=list(_rows_together(conditions))),
        Table(title="By class: starts", columns=_COLUMNS, rows=list(_class_rows(judged["sayso"], clean["sayso"]))),
        Table(
            title="The worst starts in the readings by people",
            columns=("reading", "word", "at, s", "error, ms", "confidence"),
            rows=list(_worst(judged["sayso"])),
        ),
    )
    figures = list(_figures(judged["sayso"], clean["sayso"]))
    return Result(name="alignment", figures=figures, tables=tables, notes=_NOTES)


def _methods(settings: Settings) -> dict[str, Method]:
    full = open_aligner(settings)
    alone = Aligner(open_phoneme_model(settings), espeak())
    found: dict[str, Method] = {"sayso": _aligned(full), "phonemes": _aligned(alone)}
    if find_spec("pocketsphinx") is not None:
        found["pocketsphinx"] = _sphinx
    found["whisper"] = _whisper(settings)
    found["characters"] = _characters
    return found


def _aligned(aligner: Aligner) -> Method:
    def method(reading: Reading) -> Times:
        result = aligner.align(InMemory(samples=reading.samples), reading.text, reading.language)
        found = {
            word.span: (word.start_sample / SAMPLE_RATE_HZ, word.end_sample / SAMPLE_RATE_HZ, word.confidence)
            for word in result.words
        }
        return np.array([found.get(span, (np.nan, np.nan, np.nan)) for span, _ in _written(reading)])

    return method


def _written(reading: Reading) -> Iterator[tuple[Span, list[str]]]:
    """Each written word's span, and what is said for it."""
    for span, tokens in groupby(tokens_of(reading.text, reading.language), key=lambda token: token.span):
        yield span, [token.spoken for token in tokens]


def _sphinx(reading: Reading) -> Times:
    words = pronounce(tokens_of(reading.text, reading.language), reading.language, espeak())
    times = None
    if reading.language.startswith("en"):
        times = SphinxAligner().align(
            reading.samples, [word.token.spoken for word in words], [word.ipa for word in words]
        )
    if times is None:
        return np.full((len(reading.times), 3), np.nan)
    rows = []
    for _, group in groupby(zip(words, times, strict=True), key=lambda pair: pair[0].token.span):
        found = [time for _, time in group]
        rows.append((found[0][0], found[-1][1], 1.0))
    return np.array(rows)


def _whisper(settings: Settings) -> Method:
    from faster_whisper import WhisperModel

    from sayso.models import installed_models

    model = WhisperModel(str(installed_models(settings).path("whisper-base")), device="cpu", compute_type="int8")

    def method(reading: Reading) -> Times:
        segments, _ = model.transcribe(reading.samples, language=reading.language[:2], word_timestamps=True)
        words = [word for segment in segments for word in segment.words or ()]
        text = [letters_of("".join(said)) for _, said in _written(reading)]
        hits = match(text, [letters_of(word.word) for word in words])
        rows = [(np.nan, np.nan, np.nan) if hit is None else (words[hit].start, words[hit].end, 1.0) for hit in hits]
        return np.array(rows)

    return method


def _characters(reading: Reading) -> Times:
    loud = np.flatnonzero(np.abs(reading.samples) > 0.05 * np.abs(reading.samples).max())
    begin, end = int(loud[0]), int(loud[-1])
    tokens = tokens_of(reading.text, reading.language)
    times = naive_times(tokens, end - begin)
    rows = []
    for _, group in groupby(zip(tokens, times, strict=True), key=lambda pair: pair[0].span):
        found = [time for _, time in group]
        edges = (begin + found[0].start_sample, begin + found[-1].end_sample)
        rows.append((edges[0] / SAMPLE_RATE_HZ, edges[1] / SAMPLE_RATE_HZ, 1.0))
    return np.array(rows)


def _judge(method: Method, reading: Reading) -> Judged:
    began = time.process_time()
    given = method(reading)
    spent = time.process_time() - began
    assert len(given) == len(reading.times), (reading.name, len(given), len(reading.times))
    return Judged(reading=reading, given=given, cpu_share=spent / (len(reading.samples) / SAMPLE_RATE_HZ))


def _row(recording: str, method: str, errors: Times) -> tuple[str, ...]:
    size = np.abs(errors[~np.isnan(errors)])
    missing = int(np.isnan(errors).sum())
    if not size.size:
        return (recording, method, str(errors.size), str(missing), *("",) * 7)
    shares = (f"{100 * np.sum(size <= limit) / errors.size:.0f}" for limit in (20, 50, 100))
    middle = float(np.nanmedian(errors))
    numbers = (f"{middle:+.0f}", f"{np.median(size):.0f}", f"{size.mean():.0f}", f"{np.percentile(size, 95):.0f}")
    return (recording, method, str(errors.size), str(missing), *numbers, *shares)


def _rows(judged: dict[str, list[Judged]], edge: int) -> Iterator[tuple[str, ...]]:
    for method, results in judged.items():
        cpu = np.mean([each.cpu_share for each in results])
        for each in results:
            yield _row(each.reading.name, method, each.errors_ms(edge))
        together = np.concatenate([each.errors_ms(edge) for each in results])
        yield _row("together", f"{method} ({cpu:.3f} s of CPU a second)", together)


def _rows_together(conditions: dict[str, list[Judged]]) -> Iterator[tuple[str, ...]]:
    for condition, results in conditions.items():
        yield _row(condition, "sayso", np.concatenate([each.errors_ms() for each in results]))


def _class_rows(people: Sequence[Judged], voices: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    for name, results in (("people", people), ("voices", voices)):
        classes: dict[str, list[float]] = {}
        for each in results:
            for kind, error in zip(_classes(each.reading), each.errors_ms(), strict=True):
                classes.setdefault(kind, []).append(float(error))
        for kind, errors in classes.items():
            yield _row(name, kind, np.array(errors))


def _classes(reading: Reading) -> Iterator[str]:
    """Number, first word, after a pause, or within a clause."""
    ended = 0.0
    for index, (span, _) in enumerate(_written(reading)):
        start, end = reading.times[index]
        text = span.of(reading.text)
        if any(map(str.isdigit, text)):
            yield "number"
        elif index == 0:
            yield "first"
        else:
            yield "after a pause" if start - ended >= _PAUSE_SECONDS else "mid-clause"
        ended = end


def _worst(judged: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    found = []
    for each in judged:
        for index, (span, _) in enumerate(_written(each.reading)):
            text = span.of(each.reading.text)
            error = each.errors_ms()[index]
            size = np.inf if np.isnan(error) else abs(error)
            at = f"{each.reading.times[index, 0]:.2f}"
            found.append((size, (each.reading.name, text, at, f"{error:+.0f}", f"{each.given[index, 2]:.2f}")))
    for _, row in sorted(found, key=lambda entry: -entry[0])[:_WORST_SHOWN]:
        yield row


def _figures(people: Sequence[Judged], voices: Sequence[Judged]) -> Iterator[Figure]:
    held_out = [each for each in people if each.reading.name in HELD_OUT]
    for name, results, within, median in (
        ("readings by people", people, GOAL_WITHIN_50_MS_PERCENT, GOAL_MEDIAN_MS),
        ("the reading that nothing was tuned on", held_out, None, None),
    ):
        errors = np.concatenate([each.errors_ms() for each in results])
        size = np.abs(errors)
        share = float(100 * np.sum(size <= 50) / errors.size)
        counted = f"{errors.size} words, against their grids"
        yield Figure(name=f"starts within 50 ms, {name}", value=share, unit="%", compared_to=counted, at_least=within)
        middle = float(np.nanmedian(size))
        yield Figure(name=f"median error, {name}", value=middle, unit="ms", compared_to=counted, at_most=median)
    errors = np.concatenate([each.errors_ms() for each in voices])
    size, counted = np.abs(errors), f"{errors.size} words, against the engines' times"
    yield Figure(
        name="mean error, clean voices",
        value=float(np.nanmean(size)),
        unit="ms",
        compared_to=counted,
        at_most=GOAL_CLEAN_MEAN_MS,
    )
    yield Figure(
        name="starts within 50 ms, clean voices",
        value=float(100 * np.sum(size <= 50) / errors.size),
        unit="%",
        compared_to=counted,
        at_least=GOAL_CLEAN_WITHIN_50_MS_PERCENT,
    )
    yield from _flags([*people, *voices])


def _flags(judged: Sequence[Judged]) -> Iterator[Figure]:
    size = np.concatenate([np.abs(each.errors_ms()) for each in judged])
    confidence = np.concatenate([each.given[:, 2] for each in judged])
    flagged = confidence < DOUBTFUL
    rest = float(np.mean(size[~flagged & ~np.isnan(size)]))
    worse = float(np.mean(size[flagged])) if flagged.any() else 0.0
    yield Figure(
        name="words flagged as doubtful",
        value=float(100 * flagged.mean()),
        unit="%",
        compared_to=f"mean error {worse:.0f} ms, of the rest {rest:.0f} ms",
        at_most=GOAL_FLAGGED_PERCENT,
    )


_NOTES = (
    f"Constants were tuned on {' and '.join(TUNED_ON)} alone, before {', '.join(HELD_OUT)} was looked at.",
    "The readings' grids are machine-made and wrong by 80 to 350 ms in places.",
    "A word that a method does not place counts as beyond every limit.",
)
