"""How far times are from the truth: errors by recording, class and condition, and the words that were flagged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sayso.alignment import DOUBTFUL, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.readings import Reading
    from sayso.types import Span

    Times = NDArray[np.float64]

COLUMNS = ("recording", "times by", "n", "missing", "bias", "median", "mean", "p95", "≤ 20", "≤ 50", "≤ 100")
"""The columns of a table of errors: milliseconds, and percent of all words, missing ones included."""

_PAUSE_SECONDS = 0.15
_WORST_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """What a method made of a reading.

    Attributes:
        reading: with the truth.
        given: a start and an end in seconds, and a confidence, for each word; NaN where it is not placed.
        cpu_share: seconds of processor time for each second of audio.
    """

    reading: Reading
    given: Times
    cpu_share: float

    def errors_ms(self, edge: int = 0) -> Times:
        """Of the starts (0) or the ends (1): negative is early."""
        errors: Times = 1000 * (self.given[:, edge] - self.reading.times[:, edge])
        return errors


def written(reading: Reading) -> Iterator[tuple[Span, list[str]]]:
    """Each written word's span, and what is said for it."""
    for span, tokens in groupby(tokens_of(reading.text, reading.language), key=lambda token: token.span):
        yield span, [token.spoken for token in tokens]


def together(judged: Sequence[Judged], edge: int = 0) -> Times:
    """The errors of several readings, in milliseconds."""
    return np.concatenate([each.errors_ms(edge) for each in judged])


def within(errors: Times, limit_ms: float) -> float:
    """The percentage of errors up to a limit; what is missing is beyond it."""
    return float(100 * np.sum(np.abs(errors) <= limit_ms) / errors.size) if errors.size else 0.0


def error_row(recording: str, method: str, errors: Times) -> tuple[str, ...]:
    """A row of a table with `COLUMNS`."""
    size = np.abs(errors[~np.isnan(errors)])
    missing = int(np.isnan(errors).sum())
    if not size.size:
        return (recording, method, str(errors.size), str(missing), *("",) * 7)
    shares = (f"{within(errors, limit):.0f}" for limit in (20, 50, 100))
    middle = float(np.nanmedian(errors))
    numbers = (f"{middle:+.0f}", f"{np.median(size):.0f}", f"{size.mean():.0f}", f"{np.percentile(size, 95):.0f}")
    return (recording, method, str(errors.size), str(missing), *numbers, *shares)


def rows_of_methods(judged: Mapping[str, Sequence[Judged]], edge: int) -> Iterator[tuple[str, ...]]:
    """Each reading by each method, and all of them together with the processor time."""
    for method, results in judged.items():
        cpu = np.mean([each.cpu_share for each in results])
        for each in results:
            yield error_row(each.reading.name, method, each.errors_ms(edge))
        yield error_row("together", f"{method} ({cpu:.3f} s of CPU a second)", together(results, edge))


def rows_of_conditions(
    conditions: Mapping[str, Sequence[Judged]], *, without_bias: bool = False
) -> Iterator[tuple[str, ...]]:
    """All readings together under each condition.

    Args:
        conditions: the readings by condition.
        without_bias: take each reading's median error off, where the truth itself is late.
    """
    for condition, results in conditions.items():
        errors = [each.errors_ms() for each in results]
        if without_bias:
            errors = [each - np.nanmedian(each) for each in errors]
        cpu = np.mean([each.cpu_share for each in results])
        yield error_row(condition, f"sayso ({cpu:.3f})", np.concatenate(errors))


def rows_of_classes(groups: Mapping[str, Sequence[Judged]]) -> Iterator[tuple[str, ...]]:
    """Numbers, first words, words after a pause, and those within a clause."""
    for name, results in groups.items():
        classes: dict[str, list[float]] = {}
        for each in results:
            for kind, error in zip(_classes(each.reading), each.errors_ms(), strict=True):
                classes.setdefault(kind, []).append(float(error))
        for kind, errors in classes.items():
            yield error_row(name, kind, np.array(errors))


def _classes(reading: Reading) -> Iterator[str]:
    ended = 0.0
    for index, (span, _) in enumerate(written(reading)):
        start, end = reading.times[index]
        text = span.of(reading.text)
        if any(map(str.isdigit, text)):
            yield "number"
        elif index == 0:
            yield "first"
        else:
            yield "after a pause" if start - ended >= _PAUSE_SECONDS else "mid-clause"
        ended = end


def rows_of_worst(judged: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    """The words with the largest errors: reading, word, true start, error and confidence."""
    found = []
    for each in judged:
        errors = each.errors_ms()
        for index, (span, _) in enumerate(written(each.reading)):
            size = np.inf if np.isnan(errors[index]) else abs(errors[index])
            cells = (f"{each.reading.times[index, 0]:.2f}", f"{errors[index]:+.0f}", f"{each.given[index, 2]:.2f}")
            found.append((size, (each.reading.name, span.of(each.reading.text), *cells)))
    for _, row in sorted(found, key=lambda entry: -entry[0])[:_WORST_SHOWN]:
        yield row


@dataclass(frozen=True, kw_only=True, slots=True)
class Flags:
    """The words whose confidence says that they are doubtful.

    Attributes:
        percent: of all words.
        mean_ms: their mean error.
        rest_ms: that of the others.
    """

    percent: float
    mean_ms: float
    rest_ms: float


def flags(judged: Sequence[Judged]) -> Flags:
    """The words below `DOUBTFUL`; a word that is not placed is neither."""
    size = np.abs(together(judged))
    confidence = np.concatenate([each.given[:, 2] for each in judged])
    flagged = confidence < DOUBTFUL
    return Flags(
        percent=float(100 * flagged.mean()),
        mean_ms=float(np.mean(size[flagged])) if flagged.any() else 0.0,
        rest_ms=float(np.nanmean(size[~flagged])),
    )
