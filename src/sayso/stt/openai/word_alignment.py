"""Gives each word of a text its time, from a list of bare words with times.

OpenAI gives the text of a segment with its punctuation, and beside it a list of words with times and without
punctuation. Each word of the text gets the time of the listed words that have its letters, or a share of the time
around it where none has.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.base import SegmentDetails
from sayso.stt.transcript import EngineSegment, EngineWord
from sayso.stt.written_words import is_spaceless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r"\s*\S+")
_LETTERS = re.compile(r"[^\W_]+")


class TimedText(NamedTuple):
    """The text of a segment with its time; times in seconds."""

    text: str
    start_seconds: float
    end_seconds: float
    details: SegmentDetails = SegmentDetails()


class _Piece(NamedTuple):
    """Letters that are matched as one, their position in their token, and whether their script has no spaces."""

    letters: str
    start: int
    spaceless: bool


class _Unit(NamedTuple):
    """A word of the text: its segment, its characters, and the range of its pieces among all pieces."""

    segment: int
    text: str
    first: int
    last: int


class _Time(NamedTuple):
    start_seconds: float
    end_seconds: float


def timed_segments(segments: Sequence[TimedText], listed: Sequence[EngineWord]) -> list[EngineSegment]:
    """The words of the segments' texts, with times.

    Args:
        segments: in order.
        listed: words with times and without punctuation, in order; may be empty.
    """
    tokens = [(number, token[0]) for number, segment in enumerate(segments) for token in _TOKEN.finditer(segment.text)]
    pieces = [piece for _, token in tokens for piece in _pieces(token)]
    owners = [(number, piece) for number, word in enumerate(listed) for piece in _pieces(word.text)]
    matches = _matches([piece.letters for piece in pieces], [piece.letters for _, piece in owners])
    matched = [None if match is None else owners[match][0] for match in matches]
    units = list(_units(tokens, matched))
    times = [_time_of(unit, matched, listed) for unit in units]
    filled = _filled(units, times, segments)
    words: list[list[EngineWord]] = [[] for _ in segments]
    for unit, time in zip(units, filled, strict=True):
        words[unit.segment].append(EngineWord(unit.text, *time))
    return [EngineSegment(tuple(each), segment.details) for each, segment in zip(words, segments, strict=True) if each]


def _pieces(token: str) -> list[_Piece]:
    """Runs of letters and digits; in scripts without spaces, each character."""
    pieces = []
    for run in _LETTERS.finditer(token):
        start = run.start()
        for spaceless, letters in groupby(run[0], is_spaceless):
            for piece in letters if spaceless else ("".join(letters),):
                pieces.append(_Piece(_folded(piece), start, spaceless))
                start += len(piece)
    return pieces


def _folded(letters: str) -> str:
    return unicodedata.normalize("NFKC", letters).casefold()


def _matches(letters: Sequence[str], listed: Sequence[str]) -> list[int | None]:
    """For each piece of the text, the number of the listed piece that it matches, in order; None for none."""
    matches: list[int | None] = [None] * len(letters)
    operations = SequenceMatcher(None, letters, listed, autojunk=False).get_opcodes()
    for _, first, last, listed_first, listed_last in operations:
        # As many pieces with other letters, such as a number in digits, match too.
        if last - first == listed_last - listed_first:
            matches[first:last] = range(listed_first, listed_last)
    return matches


def _units(tokens: Sequence[tuple[int, str]], matched: Sequence[int | None]) -> Iterator[_Unit]:
    """Each token is a word; in a script without spaces, each listed word is."""
    position = 0
    for segment, token in tokens:
        pieces = _pieces(token)
        if not any(piece.spaceless for piece in pieces):
            yield _Unit(segment, token, position, position + len(pieces))
        else:
            begins = [
                number
                for number in range(len(pieces))
                if not number
                or matched[position + number] is None
                or matched[position + number] != matched[position + number - 1]
            ]
            for begin, end in zip(begins, [*begins[1:], len(pieces)], strict=True):
                first = pieces[begin].start if begin else 0
                last = pieces[end].start if end < len(pieces) else len(token)
                yield _Unit(segment, token[first:last], position + begin, position + end)
        position += len(pieces)


def _time_of(unit: _Unit, matched: Sequence[int | None], listed: Sequence[EngineWord]) -> _Time | None:
    numbers = [number for number in matched[unit.first : unit.last] if number is not None]
    if not numbers:
        return None
    return _Time(listed[numbers[0]].start_seconds, listed[numbers[-1]].end_seconds)


def _filled(units: Sequence[_Unit], times: Sequence[_Time | None], segments: Sequence[TimedText]) -> list[_Time]:
    """The times, and for words without one a share by characters of the time between their neighbours."""
    filled: list[_Time] = []
    for position, (unit, time) in enumerate(zip(units, times, strict=True)):
        if time is not None:
            filled.append(time)
            continue
        segment = segments[unit.segment]
        begins = max(filled[-1].end_seconds if filled else 0.0, segment.start_seconds)
        waiting, ends = _until_next(units, times, position, segment.end_seconds)
        share = len(unit.text.strip()) / max(waiting, 1)
        filled.append(_Time(begins, begins + max(ends - begins, 0.0) * share))
    return filled


def _until_next(
    units: Sequence[_Unit], times: Sequence[_Time | None], place: int, end_seconds: float
) -> tuple[int, float]:
    """The characters of the words without times from here on in this segment, and when the time for them ends."""
    characters = 0
    for unit, time in zip(units[place:], times[place:], strict=True):
        if unit.segment != units[place].segment:
            break
        if time is not None:
            return characters, time.start_seconds
        characters += len(unit.text.strip())
    return characters, end_seconds
