"""A timeline in the form that the compiler uses: pieces of lines, and the cost of a break after each."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from sayso.subtitles.cohesion import is_name_with_next, is_number_with_next
from sayso.subtitles.grammar import Grammar
from sayso.subtitles.kinsoku import japanese_cost, may_break
from sayso.subtitles.measure import columns
from sayso.types import Boundary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.subtitles.style import Style
    from sayso.types import Timeline, Word

_MARKS_IN_WORD = re.compile(r"(?<=[^\W_])[-\u2010\u2013\u2014/\\_&=?|]+(?=[^\W_])")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

# The costs of a break, and of running on past a break. Only their ratios matter; a cue costs 20 to 35 (`layout.py`).
# They were tuned by reading the results.
_AT_CLAUSE = 8.0
_IN_CLAUSE = 30.0
_BEFORE_OPENER = 20.0
_AFTER_LEANING = 80.0
_FORBIDDEN = 4e5  # after an article, and where kinsoku allows no break: less than a cue that cannot be read
_IN_NAME = 60.0
_IN_NUMBER = 200.0
_WITHOUT_SPACE = 200.0
_IN_WORD = 400.0
_PAUSE_BONUS = 0.02  # for each millisecond, up to
_PAUSE_BONUS_UP_TO_MS = 500
_HESITATION_MS = 2000  # after a longer pause the speaker begins anew
_PAST_SENTENCE = 25.0
_PAST_UNIT = 80.0
_BEGUN_SENTENCE = 60.0  # a cue that ends with the first words of a sentence
_BEGUN_WORDS = 2
_PAST_PAUSE = 0.04  # for each millisecond above
_PAST_PAUSE_ABOVE_MS = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A word as it is shown, or a part of one that is wider than a line.

    Attributes:
        text: what is shown; white space folded, no control characters, at most a line wide.
        core: the written word in it, without punctuation.
        start_ms: when its sound starts.
        end_ms: when its sound ends.
        joined: True when no space precedes it.
        continued: True when the same word continues in the next piece.
        boundary: the break after it.
    """

    text: str
    core: str
    start_ms: int
    end_ms: int
    joined: bool
    continued: bool
    boundary: Boundary


class Passage:
    """The pieces of a timeline in arrays, with prefix sums that make any range cheap to measure.

    Gap ``g`` is the place before piece ``g``; a range ``[first, end)`` lies between gaps ``first`` and ``end``.

    Attributes:
        pieces: in order.
        duration_ms: the length of the audio, rounded down.
        break_costs: for each gap, the cost of ending a cue or line there; 0 at both ends of the passage.
        must_break: for each gap, whether a cue must end there.
    """

    def __init__(self, timeline: Timeline, style: Style, language: str) -> None:
        self.duration_ms = _milliseconds(timeline.duration_samples, timeline.sample_rate_hz)
        self.pieces = tuple(_pieces(timeline, style.max_columns))
        grammar = Grammar(language)
        gaps = list(pairwise(self.pieces))
        self.break_costs = [0.0, *(_break_cost(before, after, grammar) for before, after in gaps), 0.0]
        self.must_break = [True, *(piece.boundary is Boundary.PARAGRAPH for piece in self.pieces[:-1]), True]
        self._spaces = [0 if piece.joined else 1 for piece in self.pieces]
        widths = (space + columns(piece.text) for space, piece in zip(self._spaces, self.pieces, strict=True))
        self._reached = list(accumulate(widths, initial=0))
        self._sentence_starts = list(_sentence_starts(self.pieces))
        run_on = (_run_on_cost(before, after, style.unit) for before, after in gaps)
        self._run_on = list(accumulate(run_on, initial=0.0))

    def width(self, first: int, end: int) -> int:
        """The columns of the range on one line."""
        return self._reached[end] - self._reached[first] - self._spaces[first]

    def run_on_cost(self, first: int, end: int) -> float:
        """The cost of running past sentence ends and pauses inside the range, and of a sentence just begun in it."""
        cost = self._run_on[end - 1] - self._run_on[first]
        begun = end - self._sentence_starts[end]
        if begun and begun <= _BEGUN_WORDS and self._sentence_starts[end] > first:
            cost += _BEGUN_SENTENCE
        return cost

    def line(self, first: int, end: int) -> str:
        """The range as a line of text."""
        rest = ((piece.text if piece.joined else f" {piece.text}") for piece in self.pieces[first + 1 : end])
        return self.pieces[first].text + "".join(rest)


def _milliseconds(sample: int, sample_rate_hz: int) -> int:
    """Rounded down, so that the order is kept and nothing ends after the audio."""
    return sample * 1000 // sample_rate_hz


def _pieces(timeline: Timeline, max_columns: int) -> Iterator[Piece]:
    for word in timeline.words:
        parts = list(_cut(_displayed(word), max_columns))
        reached = list(accumulate((columns(text) for text, _ in parts), initial=0))
        length = word.end_sample - word.start_sample
        edges = [
            _milliseconds(word.start_sample + length * part // max(reached[-1], 1), timeline.sample_rate_hz)
            for part in reached
        ]
        for number, (text, joined) in enumerate(parts):
            last = number == len(parts) - 1
            yield Piece(
                text=text,
                core=word.text,
                start_ms=edges[number],
                end_ms=edges[number + 1],
                joined=joined if number else word.joined,
                continued=not last,
                boundary=word.boundary if last else Boundary.NONE,
            )


def _displayed(word: Word) -> str:
    """The word as it is shown: white space folded, without control characters and lone surrogates."""
    shown = " ".join(word.shown.split())
    if shown.isprintable():
        return shown
    shown = _LONE_SURROGATE.sub("\ufffd", shown)
    return "".join(character for character in shown if unicodedata.category(character) != "Cc")


def _cut(text: str, max_columns: int) -> Iterator[tuple[str, bool]]:
    """The text in parts that fit on a line, each with whether it follows the previous part without a space."""
    start, used, joined = 0, 0, True
    for index, character in enumerate(text):
        used += columns(character)
        if used > max_columns:
            space = text.rfind(" ", start + 1, index + 1)
            end = _cut_before(text, start, index) if space < 0 else space
            yield text[start:end], joined
            joined = space < 0
            start = end if joined else end + 1
            used = columns(text[start : index + 1])
    if start < len(text):
        yield text[start:], joined


def _cut_before(text: str, start: int, latest: int) -> int:
    """Where to cut a text that has no space: behind its last hyphen, slash or the like, else late where a line may end.

    At the latest place if it may nowhere; a mark in the first third is too early.
    """
    marks = [found.end() for found in _MARKS_IN_WORD.finditer(text, start, latest)]
    if marks and marks[-1] - start >= (latest - start) // 3:
        return marks[-1]
    for index in range(latest, start, -1):
        if may_break(text[start:index], text[index:]):
            return index
    return latest


def _break_cost(before: Piece, after: Piece, grammar: Grammar) -> float:
    if before.continued:
        return _IN_WORD if after.joined else _AFTER_LEANING
    if after.joined and not may_break(before.text, after.text):
        return _FORBIDDEN
    if before.boundary >= Boundary.SENTENCE:
        return 0.0
    pause_ms = min(after.start_ms - before.end_ms, _PAUSE_BONUS_UP_TO_MS)
    cost = _phrase_break_cost(before, after, grammar) - _PAUSE_BONUS * pause_ms
    return max(cost, 0.0)


def _phrase_break_cost(before: Piece, after: Piece, grammar: Grammar) -> float:
    """The cost inside a sentence, from the words only. Scripts without spaces break between any two characters."""
    is_wide = _is_wide(before.text[-1]), _is_wide(after.text[0])
    if after.joined and not any(is_wide):
        return _WITHOUT_SPACE
    if grammar.needs_next(before.core) and after.start_ms - before.end_ms < _HESITATION_MS:
        return _FORBIDDEN
    if before.boundary is Boundary.CLAUSE:
        return _AT_CLAUSE
    if is_number_with_next(before.core, after.core):
        return _IN_NUMBER
    if is_name_with_next(before.core, after.core, grammar.language):
        return _IN_NAME
    if grammar.leans_on_next(before.core):
        return _AFTER_LEANING
    if grammar.is_japanese and after.joined and all(is_wide):
        return japanese_cost(before.text, after.text)
    return _BEFORE_OPENER if grammar.opens_phrase(after.core) else _IN_CLAUSE


def _is_wide(character: str) -> bool:
    return columns(character) > 1


def _sentence_starts(pieces: tuple[Piece, ...]) -> Iterator[int]:
    """For each gap, the gap where the sentence before it began; the gap itself where that sentence ends there."""
    start = 0
    yield start
    for number, piece in enumerate(pieces, start=1):
        if piece.boundary >= Boundary.SENTENCE:
            start = number
        yield start


def _run_on_cost(before: Piece, after: Piece, unit: Boundary) -> float:
    pause_ms = max(after.start_ms - before.end_ms - _PAST_PAUSE_ABOVE_MS, 0)
    cost = _PAST_PAUSE * pause_ms
    if before.boundary >= unit:
        cost += _PAST_UNIT
    elif before.boundary is Boundary.SENTENCE:
        cost += _PAST_SENTENCE
    return cost
