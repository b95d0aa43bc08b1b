"""Utterances from plain text, for tests of speech engines."""

from __future__ import annotations

import re

from sayso.types import Boundary, Span, Token, Utterance

_WORD = re.compile(r"(?P<lead>[“\"(]*)(?P<spoken>[^\s,.;:!?”\")]+)(?P<trail>\S*)")


def utterance(text: str, language: str = "en-us") -> Utterance:
    """The words of a text, as they are written; punctuation ends clauses and sentences."""
    tokens = []
    for match in _WORD.finditer(text):
        start, end = match.span("spoken")
        trail = match["trail"]
        boundary = Boundary.NONE
        if trail:
            boundary = Boundary.SENTENCE if set(trail) & set(".!?") else Boundary.CLAUSE
        tokens.append(
            Token(
                spoken=match["spoken"],
                span=Span(start=start, end=end),
                lead=match["lead"],
                trail=trail,
                boundary=boundary,
            )
        )
    return Utterance(tokens=tuple(tokens), language=language)
