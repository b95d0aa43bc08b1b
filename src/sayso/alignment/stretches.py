"""Divide a long recording into stretches of some seconds, with the words that are spoken in each."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from sayso.alignment.matching import letters_of, match
from sayso.text.normalise import normalise
from sayso.text.words import has_spaces, join_words
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sayso.alignment.base import HeardWord
    from sayso.types import Token

TARGET_SECONDS = 15.0
"""A stretch ends at the first good place after so much."""

_LONGEST_HOLE_SECONDS = 1.5
_MARGIN_SECONDS = 0.35
_SECONDS_PER_UNHEARD_WORD = 0.4
_FASTEST_WORD_SECONDS = 0.1
_FEWEST_OTHER_WORDS = 4
_SAME_WORDS_RATIO = 0.6
_NEIGHBOUR_SECONDS = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class TextWord:
    """A word of the transcription as it is spoken: "3" is "three"."""

    letters: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A stretch in seconds, and its words: numbers of tokens, in order.

    Attributes:
        start: in the recording.
        end: in the recording.
        words: the tokens that are expected in it.
        doubtful: those of them that the transcription does not have.
    """

    start: float
    end: float
    words: tuple[int, ...]
    doubtful: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a text lies on a recording, as far as the transcription shows.

    Attributes:
        windows: in order.
        others: heard words that the text does not have: start and end in seconds.
    """

    windows: tuple[Window, ...]
    others: tuple[tuple[float, float], ...]


def spoken_words(heard: Sequence[HeardWord], language: str) -> list[TextWord]:
    """The words of a transcription as they are spoken, with a share of the time of what was written for them."""
    text, places = "", []
    space = " " if has_spaces(language) else ""
    for word in heard:
        written = word.text.strip()
        places.append((len(text), len(text) + len(written), word))
        text += written + space
    words: list[TextWord] = []
    numbered = iter(places)
    current = next(numbered, None)
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    for token in join_words(text, tokens, language):
        while current is not None and current[1] <= token.span.start:
            current = next(numbered, None)
        if current is None:
            break
        letters = letters_of(token.spoken)
        if letters:
            words.append(TextWord(letters=letters, start=current[2].start_seconds, end=current[2].end_seconds))
    return words


def plan(
    tokens: Sequence[Token],
    heard: Sequence[TextWord],
    duration_seconds: float,
    checkpoint: Callable[[], None] = lambda: None,
) -> Plan:
    """Find the stretches in which the tokens are spoken.

    Args:
        tokens: of the text.
        heard: the words of a transcription, in order.
        duration_seconds: of the recording.
        checkpoint: called every second or so; it may raise.
    """
    letters = [letters_of(token.spoken) for token in tokens]
    hits = match(letters, [word.letters for word in heard], checkpoint)
    planner = _Planner(letters, heard, hits, duration_seconds)
    return Plan(windows=tuple(planner.windows()), others=tuple(_others(heard, hits, planner.kept)))


class _Planner:
    """Divides the words that were matched, and those between them that fit."""

    def __init__(
        self,
        letters: Sequence[str],
        heard: Sequence[TextWord],
        hits: Sequence[int | None],
        duration_seconds: float,
    ) -> None:
        self._letters = letters
        self._heard = heard
        self._hits = hits
        self._duration = duration_seconds
        self.kept = [hit is not None for hit in hits]
        for first, last in _runs(hits):
            self._keep_if_possible(first, last)

    def windows(self) -> Iterator[Window]:
        """The stretches, in order."""
        words: list[int] = []
        for index in (index for index, kept in enumerate(self.kept) if kept):
            if words and self._ends_between(words, index):
                yield self._window(words)
                words = []
            words.append(index)
        if words:
            yield self._window(words)

    def _keep_if_possible(self, first: int, last: int) -> None:
        """Keep a run of words that were not matched if there is time for them and nothing else was heard there."""
        before, after = self._neighbours(first, last)
        if before is None and after is None:
            return
        start = self._heard[before].end if before is not None else 0.0
        end = self._heard[after].start if after is not None else self._duration
        count = last - first
        begin = before + 1 if before is not None else 0
        between = self._heard[begin : after if after is not None else len(self._heard)]
        similarity = SequenceMatcher(
            None, " ".join(self._letters[first:last]), " ".join(word.letters for word in between), autojunk=False
        ).ratio()
        too_short = count * _FASTEST_WORD_SECONDS > end - start + _MARGIN_SECONDS
        is_other = count >= _FEWEST_OTHER_WORDS and bool(between) and similarity < _SAME_WORDS_RATIO
        if not too_short and not is_other:
            self.kept[first:last] = [True] * count

    def _neighbours(self, first: int, last: int) -> tuple[int | None, int | None]:
        before = self._hits[first - 1] if first else None
        after = self._hits[last] if last < len(self._hits) else None
        return before, after

    def _ends_between(self, words: Sequence[int], index: int) -> bool:
        previous, hit = self._hits[words[-1]], self._hits[index]
        if index != words[-1] + 1:
            return True
        if previous is None or hit is None:
            return False
        hole = self._heard[hit].start - self._heard[previous].end
        if hole > _LONGEST_HOLE_SECONDS or hit != previous + 1:
            return True
        begun = next((self._heard[number].start for word in words if (number := self._hits[word]) is not None), None)
        return begun is not None and hole > 0.05 and self._heard[hit].start - begun > TARGET_SECONDS

    def _window(self, words: Sequence[int]) -> Window:
        matched = [(word, hit) for word in words if (hit := self._hits[word]) is not None]
        if not matched:
            return Window(start=0.0, end=0.0, words=(), doubtful=frozenset())
        (first, first_hit), (last, last_hit) = matched[0], matched[-1]
        leading, trailing = words.index(first), len(words) - 1 - words.index(last)
        start = self._heard[first_hit].start - _MARGIN_SECONDS - leading * _SECONDS_PER_UNHEARD_WORD
        end = self._heard[last_hit].end + _MARGIN_SECONDS + trailing * _SECONDS_PER_UNHEARD_WORD
        if first_hit and not leading:
            start = max(start, self._heard[first_hit - 1].end - _NEIGHBOUR_SECONDS)
        if last_hit + 1 < len(self._heard) and not trailing:
            end = min(end, self._heard[last_hit + 1].start + _NEIGHBOUR_SECONDS)
        return Window(
            start=max(0.0, start),
            end=min(self._duration, end),
            words=tuple(words),
            doubtful=frozenset(word for word in words if self._hits[word] is None),
        )


def _runs(hits: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """The runs of words that were not matched."""
    start: int | None = None
    for index, hit in enumerate([*hits, 0]):
        if hit is None and start is None:
            start = index
        elif hit is not None and start is not None:
            yield start, index
            start = None


def _others(
    heard: Sequence[TextWord], hits: Sequence[int | None], kept: Sequence[bool]
) -> Iterator[tuple[float, float]]:
    """The runs of heard words that no word of the text stands for."""
    numbers = [(index, hit) for index, hit in enumerate(hits) if hit is not None]
    edges = [(-1, -1), *numbers, (len(hits), len(heard))]
    for (word, hit), (next_word, next_hit) in pairwise(edges):
        count = next_hit - hit - 1
        instead = sum(kept[word + 1 : next_word])
        if count - instead >= _FEWEST_OTHER_WORDS:
            yield heard[hit + 1].start, heard[next_hit - 1].end
