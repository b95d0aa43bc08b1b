"""What would be said, as text to look at: the words of a script, and where each of them is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise import NormaliseOptions, normalise
from sayso.types import Boundary, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sayso.text.lexicon import Lexicon
    from sayso.types import Token

# What a listener may hear as a pause or a tone; other signs beside a word are only shown.
_HEARD = frozenset('.,;:!?…—–()"“”«»¿¡।。、，！？：；')


def spoken_text(tokens: Iterable[Token]) -> str:
    """The spoken words with the punctuation that affects how they are read: "three pounds fifty, please"."""
    tokens = list(tokens)
    said = [f"{_heard(token.lead)}{token.spoken}{_heard(token.trail) or _stop(token)}" for token in tokens[:-1]]
    return " ".join([*said, *(f"{_heard(token.lead)}{token.spoken}{_heard(token.trail)}" for token in tokens[-1:])])


def _stop(token: Token) -> str:
    """The full stop that an engine gets at the end of a line without one, before another line."""
    return "." if token.boundary >= Boundary.SENTENCE else ""


def spoken_lines(text: str, language: str, lexicon: Lexicon, options: NormaliseOptions) -> Iterator[Sequence[Token]]:
    """The tokens of each line of a text, which is read as plain text; an empty list for a line that says nothing.

    Args:
        text: the text; the spans of the tokens refer to it.
        language: a BCP 47 tag.
        lexicon: the author's pronunciations.
        options: of the normalisation.
    """
    start = 0
    for line in text.removesuffix("\n").split("\n"):
        span = Span(start=start, end=start + len(line))
        start = span.end + 1
        yield lexicon.apply(text, normalise(text, span, language=language, options=options), language)


def as_dashes(punctuation: str) -> str:
    """The punctuation with a dash for hyphens that stand for one: "came--and went", "came - and went"."""
    return _HYPHENS.sub("—", punctuation) if "-" in punctuation else punctuation


_HYPHENS = re.compile(r"-{2,}| -(?= |$)")


def _heard(punctuation: str) -> str:
    return "".join(mark for mark in as_dashes(punctuation) if mark in _HEARD)
