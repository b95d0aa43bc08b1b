"""Markup that is hidden everywhere in a Markdown document, even within code, and separates words.

This is the YAML at the beginning, HTML comments, HTML tags, scripts and style sheets, and entities that only
separate words.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from sayso.text.spans import disjoint
from sayso.text.steps import Steps
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRONT_MATTER = re.compile(r"^---[ \t\r]*+\n(?:(?:[\w-]++:|[ \t]|-[ \t]|#).*+\n|\r?\n)++---[ \t\r]*+(?:\n|$)")
_BEGINS = re.compile(r"[<&]")
# Attributes need a value here: "a <b and c> d" is more often arithmetic than HTML.
_TAG = re.compile(
    r"""(?<!\\)</?([a-z][a-z0-9-]*+)
    (?:\s++[a-z][\w:.-]*+\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++))*+
    \s*+/?>""",
    re.IGNORECASE | re.VERBOSE,
)
_ENTITY = re.compile(r"(?<!\\)&(?:[a-z]{2,31}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


# Elements whose content no page shows.
_SILENT_ENDS = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("script", "style", "template")}


def find_hidden(text: str, steps: Steps | None = None) -> tuple[Span, ...]:
    """The spans of a Markdown document that count as white space, in order."""
    return disjoint(_hidden(text, steps or Steps()))


def _hidden(text: str, steps: Steps) -> Iterator[Span]:
    """The same; the spans may overlap."""
    if front_matter := _FRONT_MATTER.match(text):
        yield Span(start=0, end=front_matter.end())
    last_comment_end = text.rfind("-->")  # a comment that is never closed is text
    comment_end = 0
    unclosed: set[re.Pattern[str]] = set()
    for start in steps.places(_BEGINS, text, Span(start=0, end=len(text))):
        if text[start] == "&":
            yield from _entity(text, start)
        elif tag := _TAG.match(text, start):
            closing = _SILENT_ENDS.get(tag[1].lower()) if not tag[0].startswith("</") else None
            yield Span(start=start, end=_end_of_element(text, tag, closing, unclosed))
        elif comment_end <= start <= last_comment_end - len("<!--") and text.startswith("<!--", start):
            comment_end = text.find("-->", start + len("<!--")) + len("-->")
            yield Span(start=start, end=comment_end)


def _entity(text: str, start: int) -> Iterator[Span]:
    """Spaces, dashes and the like; "&amp;" is spoken, and an entity that is a letter stays as it is."""
    if match := _ENTITY.match(text, start):
        character = html.unescape(match[0])
        if not (character.isalnum() or character in {"&", match[0]}):
            yield Span(start=start, end=match.end())


def _end_of_element(
    text: str, tag: re.Match[str], closing: re.Pattern[str] | None, unclosed: set[re.Pattern[str]]
) -> int:
    """Where a tag ends; for a script or style sheet, where its element does, unless it is never closed."""
    if closing is None or closing in unclosed:
        return tag.end()
    if end := closing.search(text, tag.end()):
        return end.end()
    unclosed.add(closing)
    return tag.end()
