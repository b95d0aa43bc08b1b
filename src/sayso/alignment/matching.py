"""Match the words of a text with those of a transcription, in order: the anchors of a long alignment.

A global alignment (Needleman and Wunsch, J. Mol. Biol. 48:443, 1970) decides, so that a repeated paragraph is matched
with the right repetition. Rare words count more, and words that follow each other in both count more than single ones.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from sayso.types import FloatArray

_GAP = np.float32(0.4)
_EDGE_GAP = np.float32(0.35)
"""The same before the first match and after the last, where there is no cost of a jump."""

_OPEN = np.float32(3.0)
"""The cost of a jump, so that one of two readings of a text is matched as a whole, and not half of each."""

_SWAP = np.float32(0.6)
_RUN_BONUS = np.float32(1.0)
_IMPOSSIBLE = np.float32(-1e30)

_SHORTEST_RUN = 3
"""Fewer words in a row may be the same by accident."""

_LARGEST_HOLE = 3
"""Matches with no more than so many other words between them, on both sides, support each other."""

_NOT_LETTERS = re.compile(r"[\W_]+")


class _Row(NamedTuple):
    """The best scores of the first words of the text with each number of words of the transcription, by last step.

    ``matched`` ends with a match, ``swapped`` with two different words, ``skipped`` with a heard word that the text
    does not have, ``dropped`` with a word of the text that was not heard. ``opening`` is the cost of the first skip.
    """

    matched: FloatArray
    swapped: FloatArray
    skipped: FloatArray
    dropped: FloatArray
    opening: np.float32 = _OPEN

    @property
    def steps(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The four, by the number of the step."""
        return self.matched, self.swapped, self.skipped, self.dropped

    @property
    def best(self) -> FloatArray:
        """The best of the four."""
        best: FloatArray = np.maximum(np.maximum(self.matched, self.swapped), np.maximum(self.skipped, self.dropped))
        return best

    def step_at(self, place: int) -> int:
        """The number of the step that has the best score."""
        return max(range(len(self.steps)), key=lambda step: float(self.steps[step][place]))


_MATCHED, _SWAPPED, _SKIPPED, _DROPPED = range(4)


def letters_of(word: str) -> str:
    """What is compared: letters and digits, without case, accents of typography or apostrophes."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", word).casefold())


def match(text: Sequence[str], heard: Sequence[str], checkpoint: Callable[[], None] = lambda: None) -> list[int | None]:
    """For each word of the text the number of the heard word that it is; None where it was not heard.

    Time grows with the product of the lengths, by about a second for 10,000 by 10,000 words; memory with the longer
    one times the square root of the other.

    Args:
        text: as `letters_of` gives them.
        heard: the same.
        checkpoint: called after every few million comparisons; it may raise.
    """
    if not text or not heard:
        return [None] * len(text)
    numbers: dict[str, int] = {}
    left = np.array([numbers.setdefault(word, len(numbers)) for word in text], np.int64)
    right = np.array([numbers.setdefault(word, len(numbers)) for word in heard], np.int64)
    weights = _weights(text, heard)
    return _supported(_trace(left, right, weights, checkpoint), len(text))


def _weights(text: Sequence[str], heard: Sequence[str]) -> NDArray[np.float32]:
    """For each word of the text, 1 if it is everywhere, up to 2 if it is rare."""
    counts = Counter(text) + Counter(heard)
    total = len(text) + len(heard)
    return np.array([1 + math.log(total / counts[word]) / math.log(total + 1) for word in text], np.float32)


def _trace(
    left: NDArray[np.int64], right: NDArray[np.int64], weights: FloatArray, checkpoint: Callable[[], None]
) -> list[tuple[int, int]]:
    """The matched pairs of the best alignment. Every few rows are kept, and those between are made again."""
    step = max(1, math.isqrt(len(left)))
    rows = [_first_row(len(right))]
    row = rows[0]
    for index in range(len(left)):
        row = _next_row(row, right == left[index], weights[index], (index + 1, len(left)))
        if (index + 1) % step == 0:
            rows.append(row)
            checkpoint()
    pairs: list[tuple[int, int]] = []
    i, j = len(left), len(right)
    kind = row.step_at(j)
    while i > 0 and j > 0:
        base = (i - 1) // step
        block = [rows[base]]
        for index in range(base * step, i):
            block.append(_next_row(block[-1], right == left[index], weights[index], (index + 1, len(left))))
        i, j, kind = _trace_block(block, base * step, (i, j, kind), pairs)
        checkpoint()
    return pairs[::-1]


def _first_row(count: int) -> _Row:
    never = np.full(count + 1, _IMPOSSIBLE, np.float32)
    return _Row(
        matched=never, swapped=never, skipped=-_EDGE_GAP * np.arange(count + 1, dtype=np.float32), dropped=never
    )


def _next_row(above: _Row, equal: NDArray[np.bool_], weight: np.float32, number: tuple[int, int]) -> _Row:
    """The row of one more word of the text; ``number`` is its own and the last one's, after which skips are free."""
    count = len(equal)
    best = above.best
    matched = np.full(count + 1, _IMPOSSIBLE, np.float32)
    matched[1:] = np.where(equal, weight + np.maximum(above.matched[:-1] + _RUN_BONUS, best[:-1]), _IMPOSSIBLE)
    swapped = np.full(count + 1, _IMPOSSIBLE, np.float32)
    swapped[1:] = best[:-1] - _SWAP
    dropped = np.maximum(above.dropped, best - _OPEN) - _GAP
    dropped[0] = -_EDGE_GAP * number[0]
    dropped[-1] = max(above.dropped[-1], best[-1]) - _EDGE_GAP
    is_last = number[0] == number[1]
    opening, gap = (np.float32(0.0), _EDGE_GAP) if is_last else (_OPEN, _GAP)
    # Any number of heard words may be skipped.
    slope = gap * np.arange(count + 1, dtype=np.float32)
    reached = np.maximum.accumulate(np.maximum(np.maximum(matched, swapped), dropped) + slope) - slope
    skipped = np.full(count + 1, _IMPOSSIBLE, np.float32)
    skipped[1:] = reached[:-1] - gap - opening
    return _Row(matched=matched, swapped=swapped, skipped=skipped, dropped=dropped, opening=opening)


def _trace_block(
    block: Sequence[_Row], base: int, place: tuple[int, int, int], pairs: list[tuple[int, int]]
) -> tuple[int, int, int]:
    """Follow the best alignment back to the first row of a block."""
    i, j, kind = place
    while i > base and j > 0:
        above, row = block[i - base - 1], block[i - base]
        if kind == _SKIPPED:
            j -= 1
            goes_on = row.skipped[j] >= max(row.matched[j], row.swapped[j], row.dropped[j]) - row.opening
            kind = (
                _SKIPPED if goes_on else max(_MATCHED, _SWAPPED, _DROPPED, key=lambda each: float(row.steps[each][j]))
            )
            continue
        if kind == _MATCHED:
            pairs.append((i - 1, j - 1))
        i, j = i - 1, j - (kind != _DROPPED)
        kind = _step_before(kind, above, j)
    return i, j, kind


def _step_before(kind: int, row: _Row, place: int) -> int:
    """The step before a match, a swap, or a word that was dropped."""
    best = row.step_at(place)
    if kind == _MATCHED and row.matched[place] + _RUN_BONUS >= row.steps[best][place]:
        return _MATCHED
    opening = np.float32(0.0) if place == len(row.matched) - 1 else _OPEN
    if kind == _DROPPED and row.dropped[place] >= row.steps[best][place] - opening:
        return _DROPPED
    return best


def _supported(pairs: Sequence[tuple[int, int]], count: int) -> list[int | None]:
    """The matches without those that may be accidents."""
    matches: list[int | None] = [None] * count
    for group in _groups(pairs):
        longest = run = 1
        for before, after in pairwise(group):
            run = run + 1 if after == (before[0] + 1, before[1] + 1) else 1
            longest = max(longest, run)
        if longest >= min(_SHORTEST_RUN, count):
            for left, right in group:
                matches[left] = right
    return matches


def _groups(pairs: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The matches in groups that support each other."""
    group: list[tuple[int, int]] = []
    for pair in pairs:
        if group and max(pair[0] - group[-1][0], pair[1] - group[-1][1]) > _LARGEST_HOLE + 1:
            yield group
            group = []
        group.append(pair)
    if group:
        yield group
