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


_LONGEST_STAMP = 24
_LONGEST_ELEMENT = 2000
_STAMP = re.compile(r"[ \t]{0,8}(?:[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?[ \t]{1,8})?")
_SAYS = re.compile(r"[ \t]{1,8}[^\s<]")
_ELEMENT_NAMES = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br
    button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em
    embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe image img input ins kbd label legend li link main map mark marquee math menu meta meter nav nobr noframes
    noscript object ol optgroup option output p param picture plaintext pre progress q rb rp rt rtc ruby s samp
    script search section select slot small source span strike strong style sub summary sup svg table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr xmp
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())

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
        elif (tag := _TAG.match(text, start)) and not _is_nickname(tag):
            closing = _SILENT_ENDS.get(tag[1].lower()) if not tag[0].startswith("</") else None
            yield Span(start=start, end=_end_of_element(text, tag, closing, unclosed))
        elif comment_end <= start <= last_comment_end - len("<!--") and text.startswith("<!--", start):
            comment_end = text.find("-->", start + len("<!--")) + len("-->")
            yield Span(start=start, end=comment_end)


def _is_nickname(tag: re.Match[str]) -> bool:
    """Whether this begins a line of a chat, "<anna> did you see it?": no element of HTML, and never closed."""
    text, name = tag.string, tag[1]
    if tag[0] != f"<{name}>" or name.lower() in _ELEMENTS or "-" in name or not _SAYS.match(text, tag.end()):
        return False
    line = text[max(0, tag.start() - _LONGEST_STAMP) : tag.start()].rpartition("\n")[2]
    return _STAMP.fullmatch(line) is not None and text.find(f"</{name}", tag.end(), tag.end() + _LONGEST_ELEMENT) < 0


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
