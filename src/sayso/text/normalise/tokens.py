"""Make tokens from written words: add the punctuation between them and the breaks after them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from sayso.types import Boundary, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.text.normalise.rules import Written
    from sayso.text.normalise.view import View

# A quote that may open or close opens when white space is before it.
_STRAIGHT_QUOTES = frozenset("\"'")
_CLAUSE_ENDS = frozenset(",;:)]}、，；：…—―")
# These end a clause only with spaces around them: "Paris–Dakar" continues.
_DASHES = frozenset("-–−‐‑")


def tokens_of(view: View, words: Sequence[Written]) -> list[Token]:
    """Make the tokens of ordered written words, each with the punctuation that is shown with it."""
    if not words:
        return []
    starts = [word.start for word in words[1:]] + [len(view.text)]
    cuts = [_cut(view.text, word.end, start) for word, start in zip(words, starts, strict=True)]
    cuts[-1] = len(view.text)
    out: list[Token] = []
    gap_start = lead_start = 0
    for word, cut, next_start in zip(words, cuts, starts, strict=True):
        gap = view.text[gap_start : word.start]
        trail = view.shown(word.end, cut).rstrip()
        lead = view.shown(lead_start, word.start).lstrip()
        joined = bool(out) and " " not in gap
        span = view.span(word.start, word.end)
        visible = view.shown(word.start, word.end)
        shown = visible if len(visible) != span.end - span.start or "\n" in visible else None
        boundary = _boundary(trail, view.text[word.end : next_start])
        last = len(word.spoken) - 1
        for index, spoken in enumerate(word.spoken):
            out.append(
                Token(
                    spoken=spoken,
                    span=span,
                    lead="" if index else lead,
                    trail="" if index < last else trail,
                    joined=joined and not index,
                    boundary=Boundary.NONE if index < last else boundary,
                    ipa=word.ipa,
                    shown=shown,
                )
            )
        gap_start, lead_start = word.end, cut
    return out


def _cut(text: str, start: int, end: int) -> int:
    """Where the gap between two words is divided: the first part belongs to the first word, the rest to the second.

    Characters that touch the second word belong to it, and so do opening marks with a space after them ("« mot"). If
    there is white space, the division is there: characters that touch the first word belong to it.
    """
    space = text.rfind(" ", start, end)
    at = space + 1 if space >= 0 else end
    while at > start and (text[at - 1] == " " or _opens(text, at - 1, start)):
        at -= 1
    if space < 0 or text[at - 1] == " ":
        return at
    return text.find(" ", at, end)


def _opens(text: str, at: int, start: int) -> bool:
    char = text[at]
    if char in _STRAIGHT_QUOTES:
        return at > start and text[at - 1] == " "
    return char in "¿¡„‚" or unicodedata.category(char) in {"Ps", "Pi"}


def _boundary(trail: str, gap: str) -> Boundary:
    """The break after a word: a clause ends at a comma or similar, and at a dash with spaces around it."""
    if not trail:
        return Boundary.NONE
    ends_clause = not _CLAUSE_ENDS.isdisjoint(trail) or (" " in gap and not _DASHES.isdisjoint(trail))
    ends_clause = ends_clause or "--" in trail
    return Boundary.CLAUSE if ends_clause else Boundary.NONE
