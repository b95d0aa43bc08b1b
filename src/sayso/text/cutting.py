"""Split text that is too long for one synthesis."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import replace
from enum import IntEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from sayso.types import Boundary, Span, Token, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_UTTERANCE = 220
"""Spoken characters that an engine should get at once: about half of Kokoro's 510 phonemes, and one breath."""

_CONJUNCTIONS = {
    "de": {"aber", "als", "bis", "da", "damit", "dass", "denn", "doch", "ob", "oder", "obwohl", "sondern", "und",
           "weil", "wenn", "während"},
    "en": {"after", "although", "and", "as", "because", "before", "but", "for", "if", "or", "since", "so", "than",
           "that", "though", "till", "unless", "until", "when", "where", "which", "while", "who", "whose"},
    "es": {"aunque", "como", "cuando", "donde", "mientras", "ni", "o", "pero", "porque", "pues", "que", "si", "sino",
           "y"},
    "fr": {"car", "comme", "donc", "dont", "et", "lorsque", "mais", "ni", "or", "ou", "où", "parce", "pendant",
           "puisque", "quand", "que", "qui", "si"},
    "it": {"che", "come", "dove", "e", "ma", "mentre", "o", "perché", "però", "quando", "se"},
    "pt": {"como", "e", "embora", "enquanto", "mas", "nem", "onde", "ou", "pois", "porque", "quando", "que", "se"},
}  # fmt: skip


class _Place(IntEnum):
    """How good a place between two words is for a split; a larger value is better."""

    WITHIN_WORD = 0
    NO_SPACE = 1
    WORD = 2
    CONJUNCTION = 3
    CLAUSE = 4
    SENTENCE = 5
    PARAGRAPH = 6


def spoken_length(tokens: Iterable[Token]) -> int:
    """The characters of the words as they are said, with the spaces between them."""
    return sum(map(_width, tokens))


def cut_to_length(tokens: Sequence[Token], language: str, longest: int = LONGEST_UTTERANCE) -> list[tuple[Token, ...]]:
    """Split a sentence into parts of at most ``longest`` spoken characters, at the best places near the middles.

    Every token is in the result, in order; a token that is longer than ``longest`` is split itself.
    """
    whole = [piece for token in tokens for piece in _pieces(token, longest)]
    ends = list(accumulate(map(_width, whole)))
    parts: list[tuple[Token, ...]] = []
    waiting = [(0, len(whole))]
    while waiting:
        start, stop = waiting.pop()
        length = ends[stop - 1] - (ends[start - 1] if start else 0)
        if length <= longest or stop - start == 1:
            parts.append(tuple(whole[start:stop]))
        else:
            middle = _best_cut(whole, ends, start, stop, language)
            waiting += [(middle, stop), (start, middle)]
    return parts


def split_utterance(utterance: Utterance) -> tuple[Utterance, Utterance]:
    """Split an utterance that is too long for an engine in two, at the best place near the middle.

    A stronger boundary is a better place, and a word with several spoken tokens is kept together where possible. A
    single word is split in two itself.

    Raises:
        ValueError: the utterance is one word of a single spoken character.
    """
    tokens = utterance.tokens
    if len(tokens) == 1:
        first, second = _halves(tokens[0])
        tokens, middle = (first, second), 1
    else:
        ends = list(accumulate(map(_width, tokens)))
        middle = _best_cut(tokens, ends, 0, len(tokens), utterance.language)
    return replace(utterance, tokens=tokens[:middle]), replace(utterance, tokens=tokens[middle:])


def _width(token: Token) -> int:
    return len(token.spoken) + (not token.joined)


def _best_cut(tokens: Sequence[Token], ends: Sequence[int], start: int, stop: int, language: str) -> int:
    """The index of the token to split before, among the tokens from ``start`` to ``stop`` (at least two).

    ``ends`` are the accumulated widths of all tokens. Only the middle half is searched, and no more than one
    utterance's worth of it, so that the time to split a book without full stops is linear in its length.
    """
    begin = ends[start - 1] if start else 0
    middle = (begin + ends[stop - 1]) / 2
    reach = min((ends[stop - 1] - begin) / 4, LONGEST_UTTERANCE / 2)
    low = max(start + 1, bisect_left(ends, middle - reach) + 1)
    high = min(stop - 1, bisect_right(ends, middle + reach))
    conjunctions = _CONJUNCTIONS.get(language.partition("-")[0].lower(), set())

    def merit(index: int) -> tuple[int, float]:
        return _place(tokens, index, conjunctions), -abs(ends[index - 1] - middle)

    best = max(range(low, high + 1), key=merit, default=None)
    if best is None or (_is_within_word(tokens, best) and tokens[start].span != tokens[stop - 1].span):
        everywhere = range(start + 1, stop)
        between_words = [index for index in everywhere if not _is_within_word(tokens, index)]
        nearest = between_words or everywhere
        best = min(nearest, key=lambda index: abs(ends[index - 1] - middle))
    return best


def _is_within_word(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index - 1].span == tokens[index].span


def _place(tokens: Sequence[Token], index: int, conjunctions: set[str]) -> _Place:
    before, after = tokens[index - 1], tokens[index]
    if before.span == after.span:
        return _Place.WITHIN_WORD
    if before.boundary is not Boundary.NONE:
        return _Place[before.boundary.name]
    if after.spoken.lower() in conjunctions:
        return _Place.CONJUNCTION
    return _Place.NO_SPACE if after.joined else _Place.WORD


def _pieces(token: Token, longest: int) -> list[Token]:
    pieces: list[Token] = []
    waiting = [token]
    while waiting:
        piece = waiting.pop()
        if len(piece.spoken) <= longest:
            pieces.append(piece)
        else:
            waiting += reversed(_halves(piece))
    return pieces


def _halves(token: Token) -> tuple[Token, Token]:
    """Split one word in two.

    If its spoken form is its written form, each half has the span of its own characters, otherwise both have the span
    of the whole word.

    Raises:
        ValueError: its spoken form is a single character.
    """
    spoken, span, ipa = token.spoken, token.span, token.ipa
    if len(spoken) < 2:
        raise ValueError("a word of one character cannot be cut")
    middle = _cut_between_characters(spoken)
    spans = (span, span)
    if span.end - span.start == len(spoken):
        cut = span.start + middle
        spans = (Span(start=span.start, end=cut), Span(start=cut, end=span.end))
    sounds = (ipa[: len(ipa) // 2] or None, ipa[len(ipa) // 2 :]) if ipa else (None, None)
    first = replace(token, spoken=spoken[:middle], span=spans[0], ipa=sounds[0], trail="", boundary=Boundary.NONE)
    second = replace(token, spoken=spoken[middle:], span=spans[1], ipa=sounds[1], lead="", joined=True)
    return first, second


def _cut_between_characters(spoken: str) -> int:
    """The offset nearest to the middle that does not separate an accent from its letter, otherwise the middle."""
    middle = len(spoken) // 2
    for index in range(middle, 0, -1):
        if not unicodedata.combining(spoken[index]):
            return index
    return middle
