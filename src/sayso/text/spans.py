"""Sets of characters in a text, as spans."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

_WITHIN_LINE = re.compile(r"[^\r\n]+")


def disjoint(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as ordered spans that neither overlap nor touch."""
    result: list[Span] = []
    for span in sorted(spans, key=attrgetter("start")):
        if result and span.start <= result[-1].end:
            result[-1] = Span(start=result[-1].start, end=max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def blank(text: str, spans: Iterable[Span]) -> str:
    """The text with white space in place of these ordered spans, so that lines and offsets stay the same."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces.append(text[position : span.start])
        pieces.append(_WITHIN_LINE.sub(lambda run: " " * len(run[0]), span.of(text)))
        position = span.end
    return "".join([*pieces, text[position:]]) if pieces else text
