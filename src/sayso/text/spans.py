"""Sets of characters in a text, as spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable


def apart(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as ordered spans that neither overlap nor touch."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start <= result[-1].end:
            result[-1] = Span(start=result[-1].start, end=max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def blank(text: str, spans: Iterable[Span]) -> str:
    """The text with white space in place of these ordered spans, so that lines and offsets stay as they are."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces.append(text[position : span.start])
        pieces.append("".join(character if character in "\r\n" else " " for character in span.of(text)))
        position = span.end
    return "".join([*pieces, text[position:]])
