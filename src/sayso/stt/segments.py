"""From words to segments that can be read as subtitles: sentences, and the clauses of long ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.transcript import EngineSegment, EngineWord
from sayso.text.sentences import sentence_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.stt.base import SegmentDetails

LONGEST_SECONDS = 7.0
LONGEST_CHARACTERS = 84
"""Two lines of 42 characters for seven seconds: the most that a subtitle by Netflix's rules holds."""

_PAUSE_SECONDS = 2.0
"""Over a longer silence no sentence goes on."""

_MOST_WAITING = 200
"""Words without the end of a sentence are not held back for ever."""

_CLAUSE_MARKS = ",;:—–、，；：،؛"
# What a place to cut is worth, in seconds of pause: a clause's end gains so much, the way from the middle to an end
# costs so much.
_CLAUSE_WORTH_SECONDS = 0.5
_UNEVEN_COSTS_SECONDS = 1.0


class PlacedWord(NamedTuple):
    """A word in the recording, with what the model says of it."""

    word: EngineWord
    tokens: tuple[int, ...]
    details: SegmentDetails


class Segmenter:
    """Takes words as they are heard, and gives segments as soon as it is certain where they end.

    Args:
        language: of the text, ISO 639-1.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._waiting: list[PlacedWord] = []

    def add(self, words: Sequence[PlacedWord]) -> list[EngineSegment]:
        """The segments that are complete with the next words; the last sentence waits, for it may go on."""
        self._waiting += words
        sentences = list(self._sentences())
        if not sentences:
            return []
        *complete, last = sentences
        ends = last[-1].word.text.rstrip().endswith(tuple(".!?…。！？؟।॥"))
        if ends or len(last) > _MOST_WAITING:
            complete, last = sentences, []
        self._waiting = last
        return [segment for sentence in complete for segment in _segments(sentence)]

    def finish(self) -> list[EngineSegment]:
        """The segments of what waits."""
        waiting, self._waiting = list(self._sentences()), []
        return [segment for sentence in waiting for segment in _segments(sentence)]

    def _sentences(self) -> Iterator[list[PlacedWord]]:
        ends = set(sentence_ends("".join(word.word.text for word in self._waiting), self._language))
        reached = accumulate(len(word.word.text) for word in self._waiting)
        sentence: list[PlacedWord] = []
        for word, position in zip(self._waiting, reached, strict=True):
            if sentence and word.word.start_seconds - sentence[-1].word.end_seconds > _PAUSE_SECONDS:
                yield sentence
                sentence = []
            sentence.append(word)
            # The sentence's end comes after its space, which is the beginning of the next word here.
            if position in ends or position + 1 in ends:
                yield sentence
                sentence = []
        if sentence:
            yield sentence


def _segments(words: Sequence[PlacedWord]) -> Iterator[EngineSegment]:
    """A sentence, or its parts: cut at the best break, again and again, until each can be read."""
    seconds = words[-1].word.end_seconds - words[0].word.start_seconds
    characters = len("".join(word.word.text for word in words).strip())
    if len(words) == 1 or (seconds <= LONGEST_SECONDS and characters <= LONGEST_CHARACTERS):
        tokens = tuple(token for word in words for token in word.tokens)
        yield EngineSegment(tuple(word.word for word in words), replace(words[0].details, tokens=tokens))
        return
    cut = max(range(1, len(words)), key=lambda number: _worth(words, number))
    yield from _segments(words[:cut])
    yield from _segments(words[cut:])


def _worth(words: Sequence[PlacedWord], number: int) -> float:
    """How good a place to cut there is before a word, in seconds of pause."""
    before, after = words[number - 1].word, words[number].word
    if not after.text[:1].isspace() and any(word.word.text[:1].isspace() for word in words):
        return -10.0  # within a word that the model takes for two
    pause = min(after.start_seconds - before.end_seconds, 1.0)
    clause = _CLAUSE_WORTH_SECONDS if before.text.rstrip().endswith(tuple(_CLAUSE_MARKS)) else 0.0
    uneven = abs(2 * number / len(words) - 1)
    return pause + clause - _UNEVEN_COSTS_SECONDS * uneven
