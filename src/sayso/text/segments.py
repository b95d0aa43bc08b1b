"""Group the tokens of a paragraph into utterances: one per sentence of a reasonable length.

The decision about a sentence depends on it and its neighbours only. So after an edit the other utterances are the same
as before, and their speech is found in the cache.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from sayso.text.cutting import LONGEST_UTTERANCE, cut_to_length, spoken_length
from sayso.types import Boundary, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_Part: TypeAlias = tuple[Token, ...]

# A sentence below either limit is a fragment: engines speak "No." alone with less natural melody than with others.
_FEWEST_WORDS = 3
_FEWEST_CHARACTERS = 20


def mark_boundaries(tokens: Sequence[Token], ends: Iterable[int], last: Boundary = Boundary.PARAGRAPH) -> list[Token]:
    """Set the boundaries of a paragraph's tokens: the end of a sentence at each offset, and ``last`` on the last token.

    An offset within a token is no end: "3.50" is one word in spite of its full stop.
    """
    marked = list(tokens)
    following = iter(ends)
    end = next(following, None)
    for index, (token, after) in enumerate(pairwise(tokens)):
        while end is not None and end < token.span.end:
            end = next(following, None)
        if end is not None and end <= after.span.start:
            marked[index] = with_boundary(token, Boundary.SENTENCE)
    if marked:
        marked[-1] = with_boundary(marked[-1], last)
    return marked


def with_boundary(token: Token, boundary: Boundary) -> Token:
    """The token with a break after it that is at least this strong."""
    return replace(token, boundary=max(token.boundary, boundary))


def utterances(tokens: Sequence[Token], language: str) -> list[tuple[Token, ...]]:
    """Group the tokens of a paragraph, in which sentences are marked, into utterances."""
    parts = [part for sentence in _sentences(tokens) for part in cut_to_length(sentence, language)]
    # A fragment joins the sentence after it, or the one before it if there is no room or no successor.
    onward = _merge(parts, lambda before, _: _is_fragment(before))
    return _merge(onward, lambda _, after: _is_fragment(after))


def _sentences(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    stops = [index + 1 for index, token in enumerate(tokens) if token.boundary >= Boundary.SENTENCE]
    if tokens and (not stops or stops[-1] < len(tokens)):
        stops.append(len(tokens))
    return [tokens[start:stop] for start, stop in pairwise([0, *stops])]


def _merge(parts: Iterable[_Part], belong: Callable[[_Part, _Part], bool]) -> list[_Part]:
    """Join neighbours that belong together, where there is room."""
    merged: list[_Part] = []
    for part in parts:
        if merged and belong(merged[-1], part) and _fit(merged[-1], part):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _is_fragment(tokens: Sequence[Token]) -> bool:
    return len(tokens) < _FEWEST_WORDS or spoken_length(tokens) < _FEWEST_CHARACTERS


def _fit(first: Sequence[Token], second: Sequence[Token]) -> bool:
    return spoken_length(first) + spoken_length(second) <= LONGEST_UTTERANCE
