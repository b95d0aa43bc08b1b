"""The characters that the rules read: without markup, with variants folded, each with its place in the source."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sayso.text.rewriting import CONTINUED
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class View:
    """A part of the source as the rules see it.

    Rules and patterns work on ``text`` and on offsets into it, so that no rule has to handle markup, accents
    that are separate characters, or the many kinds of space.

    Attributes:
        text: one character per cell; any white space or control character is a space.
        starts: where each cell begins in the source.
        ends: where each cell ends in the source.
        cells: each cell as written.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    cells: Sequence[str]

    def span(self, start: int, end: int) -> Span:
        """The source span of the cells from ``start`` up to ``end``, at least one, with any markup between them."""
        return Span(start=self.starts[start], end=self.ends[end - 1])

    def shown(self, start: int, end: int) -> str:
        """The cells as written, without markup, with each run of white space as one space."""
        if start == end:
            return ""
        cells = (" " if self.text[at] == " " else self.cells[at] for at in range(start, end))
        folded = " ".join(part for part in "".join(cells).split(" ") if part)
        if not folded:
            return " "
        head = " " if self.text[start] == " " else ""
        tail = " " if self.text[end - 1] == " " else ""
        return f"{head}{folded}{tail}"


def view_of(text: str, span: Span, skip: Sequence[Span] = ()) -> View:
    """Make the view of ``text`` in ``span`` without the sub-spans ``skip`` (in any order, may overlap)."""
    cells: list[str] = []
    starts: list[int] = []
    folded: list[str] = []
    for start, end in _kept(span, skip):
        stretch = text[start:end]
        if stretch.isascii():
            cells.extend(stretch)
            starts.extend(range(start, end))
            folded.extend(stretch)
            continue
        for offset, cell, seen in _clusters(stretch):
            cells.append(cell)
            starts.append(start + offset)
            folded.append(seen)
    ends = [start + len(cell) for start, cell in zip(starts, cells, strict=True)]
    if CONTINUED in text:
        ends = [_continued(text, end) for end in ends]
    return View(text="".join(folded).translate(_CONTROLS), starts=starts, ends=ends, cells=cells)


def _continued(text: str, end: int) -> int:
    """Where the place of a character ends that stands for more: "é" for "&eacute;"."""
    while text.startswith(CONTINUED, end):
        end += 1
    return end


_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


def _kept(span: Span, skip: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """The parts of ``span`` outside every span of ``skip``, in order."""
    at = span.start
    for gap in sorted(skip):
        if at < min(gap.start, span.end):
            yield at, min(gap.start, span.end)
        at = max(at, gap.end)
    if at < span.end:
        yield at, span.end


def _clusters(text: str) -> Iterator[tuple[int, str, str]]:
    """Split ``text`` into cells: offset, as written, and the one character that the rules see.

    An accent that is a separate character joins its letter if Unicode has one character for both.
    """
    at = 0
    while at < len(text):
        composed = text[at]
        end = at + 1
        while end < len(text) and not text[end].isascii() and _is_accent(text[end]):
            longer = unicodedata.normalize("NFKC" if text[end] in _HALF_WIDTH_MARKS else "NFC", composed + text[end])
            if len(longer) > 1:
                break
            composed, end = longer, end + 1
        yield at, text[at:end], _fold(composed)
        at = end


_HALF_WIDTH_MARKS = frozenset("ﾞﾟ")


def _is_accent(char: str) -> bool:
    """Whether a character belongs to the one before it; so do the voicing marks of half-width kana ("ｶﾞ" is ガ)."""
    return char in _HALF_WIDTH_MARKS or unicodedata.combining(char) != 0


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """The plain form of a full-width letter, a no-break space and the like; superscript digits stay as they are."""
    if char.isascii():
        return char
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", char)
    raised = unicodedata.decomposition(char).startswith(("<super>", "<sub>"))
    same_kind = len(plain) == 1 and plain.isalnum() == char.isalnum() and not plain.isspace()
    return plain if same_kind and not raised else char
