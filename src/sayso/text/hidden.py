"""What is markup wherever it is written in a Markdown document, even within code, and separates words.

That is the YAML with which many documents begin, HTML comments, HTML tags, and entities that are no letters.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from sayso.text.spans import apart
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRONT_MATTER = re.compile(r"---[ \t\r]*\n(?:(?:[\w-]+:|[ \t]|-[ \t]|#).*\n|\r?\n)+?---[ \t\r]*(?:\n|$)")
# Attributes need a value here: "a <b and c> d" is more often arithmetic than HTML.
_TAG = re.compile(
    r"""(?<!\\)</?[a-z][a-z0-9-]*(?:\s+[a-z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'=<>`]+))*\s*/?>""",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"(?<!\\)&(?:[a-z]{2,31}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


def find_hidden(text: str) -> tuple[Span, ...]:
    """The characters of a Markdown document that stand for white space, in order."""
    front_matter = _FRONT_MATTER.match(text)
    begin = [Span(start=0, end=front_matter.end())] if front_matter else []
    tags = (Span(start=match.start(), end=match.end()) for match in _TAG.finditer(text))
    return apart([*begin, *_comments(text), *tags, *_entities(text)])


def _comments(text: str) -> Iterator[Span]:
    """Comments; one that is never closed is text."""
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield Span(start=start, end=end + 3)
        start = text.find("<!--", end + 3)


def _entities(text: str) -> Iterator[Span]:
    """Spaces, dashes and the like; "&amp;" is said, and an entity that is a letter stays as it is written."""
    for match in _ENTITY.finditer(text):
        character = html.unescape(match[0])
        if not (character.isalnum() or character in {"&", match[0]}):
            yield Span(start=match.start(), end=match.end())
