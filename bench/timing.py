"""How exact the word times are: starts after pauses, and ends before them, against the sound itself.

Each voice reads sentences with many breaks, before words that begin with every kind of sound. `bench.onsets` finds
the pauses in the engine's own audio, knowing nothing of the words. A pause belongs to the break (a comma, a colon, the
end of a sentence within an utterance) whose word begins, as far as the model knows, from 75 ms before the pause's end
to 250 ms after it; where several would do, to the longest. A break without a pause, which is common at commas, judges
nobody.

The error is the time given less the edge found: negative is early. Sayso itself puts words beside a pause on an edge in
the sound, so what this finds are words on a wrong edge, pauses not noticed, and edges that two ways of looking see at
different places; no ear has listened. Three rows for each voice judge the same edges:

- ``sayso``: the word times that subtitles are made of;
- ``durations``: the model's durations added up, as its graph gives them;
- ``characters``: the sounding part of the utterance shared out by characters, as tools do that know no times.

The constants of `sayso.tts` were tuned on af_heart, am_michael, bf_emma and ff_siwis: of the voices here only the last
was among them. It is the one French voice there is.

`bench.mid_clause` judges the words between which no pause is, in the same speech, and a shorter text at other speeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bench.mid_clause import borders_of, figures_of, tables_of
from bench.onsets import find_pauses
from bench.report import Figure, Result, Table
from bench.texts import ENGLISH_PAUSES, FRENCH_PAUSES
from bench.witnesses import Witnesses
from bench.word_times import speak_all
from sayso.bootstrap import speech_sources
from sayso.bootstrap.alignment import open_phoneme_model
from sayso.settings import load_settings
from sayso.subtitles import naive_times
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.mid_clause import Border
    from bench.onsets import Pause
    from bench.word_times import SpokenUtterance
    from sayso.types import Utterance

VOICES: Sequence[tuple[str, Path]] = (
    ("am_puck", ENGLISH_PAUSES),
    ("bf_isabella", ENGLISH_PAUSES),
    ("bm_george", ENGLISH_PAUSES),
    ("af_bella", ENGLISH_PAUSES),
    ("ff_siwis", FRENCH_PAUSES),
    ("en_US-joe-medium", ENGLISH_PAUSES),
)
"""Each voice and the text that it reads."""

OTHER_SPEEDS: Sequence[tuple[str, float]] = (
    ("bm_george", 0.8),
    ("bm_george", 1.25),
    ("en_US-joe-medium", 0.8),
    ("en_US-joe-medium", 1.25),
)
"""Read at other speeds than their own: the first `_LINES_AT_OTHER_SPEEDS` sentences of the English text."""

_LINES_AT_OTHER_SPEEDS = 20

TUNED_ON = frozenset({"af_heart", "am_michael", "bf_emma", "ff_siwis"})

_KOKORO_ENGLISH = frozenset({"am_puck", "bf_isabella", "bm_george", "af_bella"})

GOAL_MEAN_MS = 25.0
GOAL_WITHIN_50_MS_PERCENT = 95.0

_LATEST_SECONDS = 0.25
_EARLIEST_SECONDS = 0.075

_METHODS = ("sayso", "durations", "characters")
_WORST_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One end of a pause, and how far from it each method puts the word, in milliseconds."""

    words: str
    errors_ms: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """A voice's edges, and the breaks at which it makes no pause."""

    starts: tuple[Edge, ...]
    ends: tuple[Edge, ...]
    breaks_without_pause: int


def measure_timing() -> Result:
    """Have every voice read its text, and judge its times."""
    settings = load_settings()
    figures: list[Figure] = []
    start_rows, end_rows, worst_rows, faults, words = [], [], [], 0, 0
    borders: list[Border] = []
    witnesses = Witnesses(open_phoneme_model(settings))
    for voice, text_file in VOICES:
        engine, _ = select(speech_sources(settings).values(), voice)
        spoken = speak_all(engine, voice, text_file)
        judged = _judge(spoken)
        shown = f"{voice} (tuned on)" if voice in TUNED_ON else voice
        start_rows += _rows(shown, judged.starts)
        end_rows += _rows(shown, judged.ends)
        worst_rows += _worst(voice, judged.starts)
        figures += _figures(shown, judged)
        borders += borders_of(voice, spoken, witnesses)
        faults += sum(map(_faults, spoken))
        words += sum(len(each.utterance.tokens) for each in spoken)
    for voice, speed in OTHER_SPEEDS:
        engine, _ = select(speech_sources(settings).values(), voice)
        spoken = speak_all(engine, voice, ENGLISH_PAUSES, speed=speed, lines=_LINES_AT_OTHER_SPEEDS)
        borders += borders_of(f"{voice}, speed {speed}", spoken, witnesses)
        faults += sum(map(_faults, spoken))
    borders += [replace(each, voice="Kokoro, English") for each in borders if each.voice in _KOKORO_ENGLISH]
    figures += figures_of([each for each in borders if each.voice not in _KOKORO_ENGLISH])
    checked = f"{words} words: a time for each, in order, within the audio"
    figures.append(
        Figure(name="faults in word times", value=faults, unit="", compared_to=checked, at_most=0, decimals=0)
    )
    columns = (
        "voice",
        "times by",
        "n",
        "bias, ms",
        "mean error, ms",
        "p95, ms",
        "≤ 20 ms, %",
        "≤ 50 ms, %",
        "≤ 100 ms, %",
    )
    tables = (
        Table(title="Word starts after pauses", columns=columns, rows=start_rows),
        Table(title="Word ends before pauses", columns=columns, rows=end_rows),
        *tables_of(borders),
        Table(title="The worst starts", columns=("voice", "words", "error, ms"), rows=worst_rows),
    )
    return Result(name="timing", figures=figures, tables=tables, notes=_NOTES)


def _judge(spoken: Sequence[SpokenUtterance]) -> _Judged:
    starts, ends, without = [], [], 0
    for each in spoken:
        pauses = find_pauses(each.audio)
        naive = _naive_seconds(each, pauses)
        rate = each.audio.sample_rate_hz
        for left, right in _breaks(each.utterance):
            pause = _pause_of(pauses, each.raw_times[left][0] / rate, each.raw_times[right][0] / rate)
            if pause is None:
                without += 1
                continue
            tokens = each.utterance.tokens
            words = f"{tokens[left].spoken}{tokens[left].trail} {tokens[right].spoken}"
            given_starts = (each.times[right].start_sample / rate, each.raw_times[right][0] / rate, naive[right][0])
            given_ends = (each.times[left].end_sample / rate, each.raw_times[left][1] / rate, naive[left][1])
            starts.append(_edge(words, given_starts, pause.end_seconds))
            ends.append(_edge(words, given_ends, pause.begin_seconds))
    return _Judged(starts=tuple(starts), ends=tuple(ends), breaks_without_pause=without)


def _breaks(utterance: Utterance) -> Iterator[tuple[int, int]]:
    """The neighbouring tokens with punctuation between them."""
    for index, token in enumerate(utterance.tokens[:-1]):
        if token.boundary or token.trail.strip():
            yield index, index + 1


def _pause_of(pauses: Sequence[Pause], left_start: float, right_start: float) -> Pause | None:
    """The longest pause that may be the one before a word, given the model's starts of it and of the word before."""
    possible = [
        pause
        for pause in pauses
        if pause.begin_seconds > left_start
        and right_start - _LATEST_SECONDS <= pause.end_seconds <= right_start + _EARLIEST_SECONDS
    ]
    return max(possible, key=lambda pause: pause.length_seconds, default=None)


def _naive_seconds(spoken: SpokenUtterance, pauses: Sequence[Pause]) -> list[tuple[float, float]]:
    """The tokens' times when what sounds between the first and the last silence is shared out by characters."""
    rate, size = spoken.audio.sample_rate_hz, spoken.audio.samples.size
    begin = round(pauses[0].end_seconds * rate) if pauses and pauses[0].begin_seconds == 0 else 0
    last = pauses[-1] if pauses else None
    end = round(last.begin_seconds * rate) if last and last.end_seconds == spoken.audio.duration_seconds else size
    times = naive_times(spoken.utterance.tokens, end - begin)
    return [((begin + time.start_sample) / rate, (begin + time.end_sample) / rate) for time in times]


def _edge(words: str, given_seconds: Sequence[float], found_seconds: float) -> Edge:
    return Edge(words=words, errors_ms=tuple(1000 * (given - found_seconds) for given in given_seconds))


def _faults(spoken: SpokenUtterance) -> int:
    """How many tokens have no time, or one that is out of order or beyond the audio."""
    clock = [edge for time in spoken.times for edge in (time.start_sample, time.end_sample)]
    missing = len(spoken.utterance.tokens) - len(spoken.times)
    return missing + sum(before > after for before, after in pairwise([0, *clock, spoken.audio.samples.size]))


def _errors(edges: Sequence[Edge], method: int) -> NDArray[np.float64]:
    return np.array([edge.errors_ms[method] for edge in edges])


def _rows(voice: str, edges: Sequence[Edge]) -> list[tuple[str, ...]]:
    rows = []
    for method, name in enumerate(_METHODS):
        errors = _errors(edges, method)
        size = np.abs(errors)
        shares = (f"{100 * np.mean(size <= limit):.0f}" for limit in (20, 50, 100))
        numbers = (f"{errors.mean():+.0f}", f"{size.mean():.0f}", f"{np.percentile(size, 95):.0f}")
        rows.append((voice, name, str(errors.size), *numbers, *shares))
    return rows


def _worst(voice: str, starts: Sequence[Edge]) -> list[tuple[str, str, str]]:
    worst = sorted(starts, key=lambda edge: -abs(edge.errors_ms[0]))[:_WORST_SHOWN]
    return [(voice, edge.words, f"{edge.errors_ms[0]:+.0f}") for edge in worst]


def _figures(voice: str, judged: _Judged) -> list[Figure]:
    size = np.abs(_errors(judged.starts, 0))
    raw = float(np.abs(_errors(judged.starts, 1)).mean())
    counted = f"{size.size} pauses, {judged.breaks_without_pause} breaks without one"
    return [
        Figure(
            name=f"mean error of starts, {voice}",
            value=float(size.mean()),
            unit="ms",
            compared_to=f"energy onset after {counted}; {raw:.0f} by durations alone",
            at_most=GOAL_MEAN_MS,
            decimals=1,
        ),
        Figure(
            name=f"starts within 50 ms, {voice}",
            value=float(100 * np.mean(size <= 50)),
            unit="%",
            compared_to="the same onsets",
            at_least=GOAL_WITHIN_50_MS_PERCENT,
            decimals=1,
        ),
    ]


_NOTES = (
    "Errors are the time given less the edge in the sound: negative is early. Word ends have no goal.",
    "Within a phrase, by all witnesses: the sound where it can tell, else the aligners of bench/witnesses.py.",
    "The detector of bench/onsets.py shares no code and no method with sayso.tts.",
)
