"""The lengths of the pauses between sentences, paragraphs, headings and chapters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Pauses:
    """The pauses between two lines, in seconds; if several apply, the longest is used.

    Attributes:
        clause: where a long sentence was split.
        sentence: between sentences of a paragraph.
        paragraph: between paragraphs, list items and voices.
        heading: around a heading.
        chapter: before a heading that begins a chapter.
        thematic_break: at a thematic break (a horizontal rule).
    """

    clause: float = 0.15
    sentence: float = 0.35
    paragraph: float = 0.7
    heading: float = 0.9
    chapter: float = 1.2
    thematic_break: float = 1.2
