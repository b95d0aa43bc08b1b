"""How exact word times are where no pause is: the starts and ends of words within a phrase, by `bench.witnesses`.

A pair of neighbouring words is judged if nothing is written between them and `bench.onsets` finds no pause there. The
constants of `sayso.tts.timing.borders` were tuned on am_michael, bf_emma, bm_lewis, ff_siwis and Piper's joe reading
``clauses-en.txt`` and ``clauses-fr.txt``. Here other voices read other texts; ff_siwis and joe, the only ones of their
kind, read other texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.onsets import find_pauses
from bench.report import Figure, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.witnesses import Witnesses
    from bench.word_times import SpokenUtterance

GOAL_BIAS_MS = 10.0
GOAL_MEAN_MS = 20.0
GOAL_WITHIN_50_MS_PERCENT = 95.0

_SHORTEST_PAUSE_SECONDS = 0.12
_NEAR_SECONDS = 0.15
_FEWEST = 20
"""Classes with fewer words are in the tables, and have no goal."""

_COLUMNS = (
    "voice",
    "class",
    "by",
    "n",
    "bias, ms",
    "mean error, ms",
    "p95, ms",
    "≤ 20 ms, %",
    "≤ 50 ms, %",
    "raw bias",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Border:
    """The start or the end of a word, and how far from it the times are, in milliseconds: negative is early.

    Attributes:
        voice: with its engine, and with the speed where it is not its own.
        is_start: or else an end.
        sound: the class of the first or the last phone.
        by_sound: whether the witness is the sound.
        error_ms: of the word times.
        raw_ms: of the model's durations added up.
        words: the two.
    """

    voice: str
    is_start: bool
    sound: str
    by_sound: bool
    error_ms: float
    raw_ms: float
    words: str


def borders_of(voice: str, spoken: Iterable[SpokenUtterance], witnesses: Witnesses) -> Iterator[Border]:
    """Every start and end that a witness can judge."""
    for each in spoken:
        rate = each.audio.sample_rate_hz
        pauses = [pause for pause in find_pauses(each.audio) if pause.length_seconds >= _SHORTEST_PAUSE_SECONDS]
        tokens = each.utterance.tokens
        for seen in witnesses.of(each.utterance, each.audio):
            left, right = tokens[seen.index - 1], tokens[seen.index]
            near = (abs(pause.end_seconds - seen.start) < _NEAR_SECONDS for pause in pauses)
            if left.boundary or left.trail.strip() or right.lead.strip() or any(near):
                continue
            before, time = each.times[seen.index - 1], each.times[seen.index]
            raw_before, raw = each.raw_times[seen.index - 1], each.raw_times[seen.index]
            edges = (
                (True, seen.begins, seen.start, time.start_sample, raw[0]),
                (False, seen.follows, seen.end, before.end_sample, raw_before[1]),
            )
            for by_sound, (is_start, sound, truth, given, durations) in zip(seen.by_sound, edges, strict=True):
                if not np.isnan(truth):
                    yield Border(
                        voice=voice,
                        is_start=is_start,
                        sound=sound,
                        by_sound=by_sound,
                        error_ms=1000 * (given / rate - truth),
                        raw_ms=1000 * (durations / rate - truth),
                        words=f"{left.spoken} {right.spoken}",
                    )


def tables_of(borders: Sequence[Border]) -> list[Table]:
    """By voice and by class, starts and ends apart."""
    tables = []
    for is_start, title in ((True, "Word starts within a phrase"), (False, "Word ends within a phrase")):
        some = [border for border in borders if border.is_start is is_start]
        rows = [row for voice in dict.fromkeys(border.voice for border in some) for row in _rows(voice, some)]
        tables.append(Table(title=title, columns=_COLUMNS, rows=rows))
    worst = sorted(borders, key=lambda border: -abs(border.error_ms))[:20]
    rows = [(border.voice, border.words, border.sound, f"{border.error_ms:+.0f}") for border in worst]
    return [*tables, Table(title="The worst within a phrase", columns=("voice", "words", "class", "ms"), rows=rows)]


def _rows(voice: str, borders: Sequence[Border]) -> Iterator[tuple[str, ...]]:
    own = [border for border in borders if border.voice == voice]
    for sound, group in [("all", own), *_by_class(own)]:
        for by, some in (("sound", [each for each in group if each.by_sound]), ("all witnesses", group)):
            if some and (by == "sound" or len(some) > sum(each.by_sound for each in some)):
                yield (voice, sound, by, *_numbers(some))


def _by_class(borders: Sequence[Border]) -> list[tuple[str, list[Border]]]:
    classes = sorted({border.sound for border in borders})
    return [(sound, [border for border in borders if border.sound == sound]) for sound in classes]


def _errors(borders: Sequence[Border]) -> NDArray[np.float64]:
    return np.array([border.error_ms for border in borders])


def _numbers(borders: Sequence[Border]) -> tuple[str, ...]:
    errors = _errors(borders)
    size = np.abs(errors)
    shares = (f"{100 * np.mean(size <= limit):.0f}" for limit in (20, 50))
    raw = np.mean([border.raw_ms for border in borders])
    middle = (f"{errors.mean():+.0f}", f"{size.mean():.0f}", f"{np.percentile(size, 95):.0f}")
    return (str(errors.size), *middle, *shares, f"{raw:+.0f}")


def figures_of(borders: Sequence[Border]) -> Iterator[Figure]:
    """Of each kind of voice the classes with the largest bias, the largest error and the least within 50 ms."""
    for voice in dict.fromkeys(border.voice for border in borders):
        own = [border for border in borders if border.voice == voice]
        groups = {
            f"{sound}, {'starts' if is_start else 'ends'}": _errors(some)
            for is_start in (True, False)
            for sound, some in _by_class([border for border in own if border.is_start is is_start])
            if len(some) >= _FEWEST
        }
        yield from _worst_of(voice, groups) if groups else ()


def _worst_of(voice: str, groups: Mapping[str, NDArray[np.float64]]) -> Iterator[Figure]:
    bias = max(groups, key=lambda group: abs(groups[group].mean()))
    mean = max(groups, key=lambda group: np.abs(groups[group]).mean())
    share = min(groups, key=lambda group: np.mean(np.abs(groups[group]) <= 50))
    kind = f"within a phrase, {voice}, the worst class"

    def named(group: str) -> str:
        return f"{group} ({groups[group].size} words)"

    yield Figure(
        name=f"bias {kind}",
        value=float(abs(groups[bias].mean())),
        unit="ms",
        compared_to=named(bias),
        at_most=GOAL_BIAS_MS,
        decimals=1,
    )
    yield Figure(
        name=f"mean error {kind}",
        value=float(np.abs(groups[mean]).mean()),
        unit="ms",
        compared_to=named(mean),
        at_most=GOAL_MEAN_MS,
        decimals=1,
    )
    yield Figure(
        name=f"within 50 ms {kind}",
        value=float(100 * np.mean(np.abs(groups[share]) <= 50)),
        unit="%",
        compared_to=named(share),
        at_least=GOAL_WITHIN_50_MS_PERCENT,
        decimals=1,
    )
