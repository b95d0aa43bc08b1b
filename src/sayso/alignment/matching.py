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
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sayso.types import FloatArray

_GAP = np.float32(0.4)
_SWAP = np.float32(0.6)
_RUN_BONUS = np.float32(1.0)
_IMPOSSIBLE = np.float32(-1e30)

_SHORTEST_RUN = 3
"""Fewer words in a row may be the same by accident."""

_LARGEST_HOLE = 3
"""Matches with no more than so many other words between them, on both sides, support each other."""

_NOT_LETTERS = re.compile(r"[\W_]+")


class _Row(NamedTuple):
    """The best scores of the first words of the text with each number of words of the transcription.

    ``matched`` ends with a match, ``other`` with anything else.
    """

    matched: FloatArray
    other: FloatArray


def letters_of(word: str) -> str:
    """What is compared: letters and digits, without case, accents of typography or apostrophes."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", word).casefold())


def match(text: Sequence[str], heard: Sequence[str]) -> list[int | None]:
    """For each word of the text the number of the heard word that it is; None where it was not heard.

    Time grows with the product of the lengths, by about a second for 10,000 by 10,000 words; memory with the longer
    one times the square root of the other.

    Args:
        text: as `letters_of` gives them.
        heard: the same.
    """
    if not text or not heard:
        return [None] * len(text)
    numbers: dict[str, int] = {}
    left = np.array([numbers.setdefault(word, len(numbers)) for word in text], np.int64)
    right = np.array([numbers.setdefault(word, len(numbers)) for word in heard], np.int64)
    weights = _weights(text, heard)
    return _supported(_trace(left, right, weights), len(text))


def _weights(text: Sequence[str], heard: Sequence[str]) -> NDArray[np.float32]:
    """For each word of the text, 1 if it is everywhere, up to 2 if it is rare."""
    counts = Counter(text) + Counter(heard)
    total = len(text) + len(heard)
    return np.array([1 + math.log(total / counts[word]) / math.log(total + 1) for word in text], np.float32)


def _trace(left: NDArray[np.int64], right: NDArray[np.int64], weights: FloatArray) -> list[tuple[int, int]]:
    """The matched pairs of the best alignment. Every few rows are kept, and those between are made again."""
    step = max(1, math.isqrt(len(left)))
    rows = [_first_row(len(right))]
    row = rows[0]
    for index in range(len(left)):
        row = _next_row(row, right == left[index], weights[index])
        if (index + 1) % step == 0:
            rows.append(row)
    pairs: list[tuple[int, int]] = []
    i, j = len(left), len(right)
    in_match = bool(row.matched[j] >= row.other[j])
    while i > 0 and j > 0:
        base = (i - 1) // step
        block = [rows[base]]
        for index in range(base * step, i):
            block.append(_next_row(block[-1], right == left[index], weights[index]))
        i, j, in_match = _trace_block(block, base * step, (i, j, in_match), pairs)
    return pairs[::-1]


def _first_row(count: int) -> _Row:
    other = -_GAP * np.arange(count + 1, dtype=np.float32)
    return _Row(matched=np.full(count + 1, _IMPOSSIBLE, np.float32), other=other)


def _next_row(row: _Row, equal: NDArray[np.bool_], weight: np.float32) -> _Row:
    count = len(equal)
    matched = np.full(count + 1, _IMPOSSIBLE, np.float32)
    matched[1:] = np.where(equal, weight + np.maximum(row.matched[:-1] + _RUN_BONUS, row.other[:-1]), _IMPOSSIBLE)
    best = np.maximum(row.matched, row.other)
    other = best - _GAP
    np.maximum(other[1:], best[:-1] - _SWAP, out=other[1:])
    # Then any number of heard words may be skipped.
    slope = _GAP * np.arange(count + 1, dtype=np.float32)
    reached = np.maximum.accumulate(np.maximum(other, matched) + slope) - slope
    np.maximum(other[1:], reached[:-1] - _GAP, out=other[1:])
    return _Row(matched=matched, other=other)


def _trace_block(
    block: Sequence[_Row],
    base: int,
    place: tuple[int, int, bool],
    pairs: list[tuple[int, int]],
) -> tuple[int, int, bool]:
    """Follow the best alignment back to the first row of a block."""
    i, j, in_match = place
    while i > base and j > 0:
        above, row = block[i - base - 1], block[i - base]
        if in_match:
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
            in_match = bool(above.matched[j] + _RUN_BONUS >= above.other[j])
            continue
        options = (
            (max(above.matched[j - 1], above.other[j - 1]) - _SWAP, i - 1, j - 1),
            (max(above.matched[j], above.other[j]) - _GAP, i - 1, j),
            (max(row.matched[j - 1], row.other[j - 1]) - _GAP, i, j - 1),
        )
        _, i, j = max(options, key=lambda option: option[0])
        at = block[i - base]
        in_match = bool(at.matched[j] >= at.other[j])
    return i, j, in_match


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
