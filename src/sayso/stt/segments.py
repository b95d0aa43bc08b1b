"""From words to segments that suit subtitles: sentences, and the clauses of long ones."""

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
"""A longer silence ends a sentence."""

_MAXIMUM_PENDING_WORDS = 200
"""So many words without the end of a sentence are held back at most."""

_CLAUSE_MARKS = ",;:—–、，；：،؛"
# The score of a cut, in seconds of pause: the bonus for the end of a clause, and the penalty for a cut at either end.
_CLAUSE_BONUS_SECONDS = 0.5
_UNEVENNESS_PENALTY_SECONDS = 1.0


class DecodedWord(NamedTuple):
    """A word in the time of the recording, with its tokens and the model's figures."""

    word: EngineWord
    tokens: tuple[int, ...]
    details: SegmentDetails


class Segmenter:
    """Takes words in order, and gives segments as soon as it is certain where they end.

    Args:
        language: of the text, ISO 639-1.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._pending: list[DecodedWord] = []

    def add(self, words: Sequence[DecodedWord]) -> list[EngineSegment]:
        """The segments that are complete with the next words; the last sentence is held back, since it may go on."""
        self._pending += words
        sentences = list(self._sentences())
        if not sentences:
            return []
        *complete, last = sentences
        ends = last[-1].word.text.rstrip().endswith(tuple(".!?…。！？؟।॥"))
        if ends or len(last) > _MAXIMUM_PENDING_WORDS:
            complete, last = sentences, []
        self._pending = last
        return [segment for sentence in complete for segment in _segments(sentence)]

    def finish(self) -> list[EngineSegment]:
        """The segments of the words that were held back."""
        pending, self._pending = list(self._sentences()), []
        return [segment for sentence in pending for segment in _segments(sentence)]

    def _sentences(self) -> Iterator[list[DecodedWord]]:
        ends = set(sentence_ends("".join(word.word.text for word in self._pending), self._language))
        reached = accumulate(len(word.word.text) for word in self._pending)
        sentence: list[DecodedWord] = []
        for word, position in zip(self._pending, reached, strict=True):
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


def _segments(words: Sequence[DecodedWord]) -> Iterator[EngineSegment]:
    """A sentence, or its parts: it is cut at the best break until each part fits a subtitle."""
    seconds = words[-1].word.end_seconds - words[0].word.start_seconds
    characters = len("".join(word.word.text for word in words).strip())
    if len(words) == 1 or (seconds <= LONGEST_SECONDS and characters <= LONGEST_CHARACTERS):
        tokens = tuple(token for word in words for token in word.tokens)
        yield EngineSegment(tuple(word.word for word in words), replace(words[0].details, tokens=tokens))
        return
    cut = max(range(1, len(words)), key=lambda number: _cut_score(words, number))
    yield from _segments(words[:cut])
    yield from _segments(words[cut:])


def _cut_score(words: Sequence[DecodedWord], number: int) -> float:
    """How good a cut before a word is, in seconds of pause."""
    before, after = words[number - 1].word, words[number].word
    if not after.text[:1].isspace() and any(word.word.text[:1].isspace() for word in words):
        return -10.0  # within a word that the model split in two
    pause = min(after.start_seconds - before.end_seconds, 1.0)
    clause = _CLAUSE_BONUS_SECONDS if before.text.rstrip().endswith(tuple(_CLAUSE_MARKS)) else 0.0
    uneven = abs(2 * number / len(words) - 1)
    return pause + clause - _UNEVENNESS_PENALTY_SECONDS * uneven
